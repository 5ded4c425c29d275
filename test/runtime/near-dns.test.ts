import { createSocket, Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { decode, encode } from 'dns-packet';
import { NearDns } from '../../src/runtime/near-dns';

/** A name server that answers by the client's subnet, as Route 53 does for latency records. */
class FakeNameServer {
  public readonly subnets: string[] = [];
  public port = 0;
  private readonly socket: Socket = createSocket('udp4');

  constructor(private readonly answer: (subnet: string) => { readonly name: string; readonly ttl: number } | undefined) {}

  public async open(): Promise<this> {
    this.socket.on('message', (message, from) => {
      const query = decode(message);
      const options = (query.additionals?.[0] as unknown as { options: { ip: string; sourcePrefixLength: number }[] }).options;
      const subnet = `${options[0].ip}/${options[0].sourcePrefixLength}`;
      this.subnets.push(subnet);
      const found = this.answer(subnet);
      const answers = found ? [{ type: 'CNAME' as const, name: query.questions![0].name, ttl: found.ttl, data: found.name }] : [];
      this.socket.send(encode({ type: 'response', id: query.id, questions: query.questions, answers }), from.port, from.address);
    });
    await new Promise<void>((resolve) => {
      this.socket.bind(0, '127.0.0.1', resolve);
    });
    this.port = (this.socket.address() as AddressInfo).port;
    return this;
  }

  public close(): void {
    this.socket.close();
  }
}

const addresses: Readonly<Record<string, string>> = { 'us-east-1': '52.94.0.7', 'us-west-2': '52.119.4.9' };

async function asked(server: FakeNameServer, region: string, servers = ['127.0.0.1']) {
  return new NearDns({
    servers: async () => servers,
    addressIn: async (name) => addresses[name],
    port: server.port,
    timeoutMs: 300,
  }).resolve('pay.example.com', region);
}

describe('asking name servers as from a region', () => {
  let server: FakeNameServer;
  afterEach(() => server.close());

  test('the answer is the one for callers there, with its TTL', async () => {
    server = await new FakeNameServer((subnet) => ({
      name: subnet.startsWith('52.94.') ? 'east.example.com' : 'west.example.com',
      ttl: 5,
    })).open();
    expect(await asked(server, 'us-east-1')).toEqual({ target: 'east.example.com', ttlSeconds: 5 });
    expect(await asked(server, 'us-west-2')).toEqual({ target: 'west.example.com', ttlSeconds: 5 });
    expect(server.subnets).toEqual(['52.94.0.0/24', '52.119.4.0/24']);
  });

  test('a server that is silent is followed by the next one', async () => {
    server = await new FakeNameServer(() => ({ name: 'east.example.com', ttl: 60 })).open();
    expect(await asked(server, 'us-east-1', ['127.0.0.9', '127.0.0.1'])).toMatchObject({ ttlSeconds: 60 });
  });

  test('a name that leads nowhere is told', async () => {
    server = await new FakeNameServer(() => undefined).open();
    await expect(asked(server, 'us-east-1')).rejects.toThrow('pay.example.com leads nowhere');
  });
});

import { createSocket } from 'node:dgram';
import { resolve4, resolveNs } from 'node:dns/promises';
import { decode, encode } from 'dns-packet';

/** What a name leads to, as callers in some place are told. */
export interface NearAnswer {
  /** Name or address. */
  readonly target: string;
  readonly ttlSeconds: number;
}

export interface NearDnsPorts {
  /** Addresses of the zone's name servers. */
  readonly servers: () => Promise<readonly string[]>;
  /** An address in the place. */
  readonly addressIn: (region: string) => Promise<string>;
  readonly port?: number;
  readonly timeoutMs?: number;
}

/**
 * Asks a zone's own name servers, as a resolver near a region's address would (EDNS client subnet, RFC 7871): Route 53 answers latency
 * records by it. It asks the data plane alone, and remembers nothing.
 */
export class NearDns {
  constructor(private readonly ports: NearDnsPorts) {}

  /** For a zone on Route 53: its servers by DNS, and the address of an AWS service in the region. */
  public static ofZone(zoneName: string): NearDns {
    return new NearDns({
      servers: async () => (await Promise.all((await resolveNs(zoneName)).slice(0, 2).map((name) => resolve4(name)))).flat(),
      addressIn: async (region) => (await resolve4(`dynamodb.${region}.amazonaws.com`))[0],
    });
  }

  public async resolve(name: string, region: string): Promise<NearAnswer> {
    const { servers, addressIn, port = 53, timeoutMs = 2_000 } = this.ports;
    const [known, near] = await Promise.all([servers(), addressIn(region)]);
    let failure: unknown = new Error(`${name} has no name server`);
    for (const server of known) {
      try {
        return answerIn(await ask(server, port, question(name, near), timeoutMs), name);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** Of the place as much as resolvers tell: RFC 7871 recommends 24 bits. */
function question(name: string, near: string): Buffer {
  return encode({
    type: 'query',
    id: Math.floor(Math.random() * 65_536),
    questions: [{ type: 'A', name }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [{ code: 8, type: 'CLIENT_SUBNET', ip: near, sourcePrefixLength: 24, family: 1, scopePrefixLength: 0 }],
      },
    ],
  } as unknown as Parameters<typeof encode>[0]);
}

function ask(server: string, port: number, packet: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(() => reject(new Error(`the name server ${server} did not answer in ${timeoutMs} ms`))), timeoutMs);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (message) => {
      // Another query's, or a guess of somebody else.
      if (message.readUInt16BE(0) === packet.readUInt16BE(0)) end(() => resolve(message));
    });
    socket.connect(port, server, () => socket.send(packet));
  });
}

function answerIn(message: Buffer, name: string): NearAnswer {
  const answer = decode(message).answers?.find(({ type }) => type === 'CNAME' || type === 'A');
  if (answer === undefined || !('data' in answer) || typeof answer.data !== 'string') throw new Error(`${name} leads nowhere`);
  return { target: answer.data, ttlSeconds: ('ttl' in answer ? answer.ttl : 0) ?? 0 };
}

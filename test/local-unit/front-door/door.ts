import http from 'node:http';
import { type FrontDoorOptions, startFrontDoor } from '../../../local/front-door/front-door';
import type { DnsAnswer, FrontDoor } from '../../../local/ground/model';
import { issuerFor } from '../../../local/issuer/issuer';
import { createLinks } from '../../../local/network/links';
import { apisOf, FakeRegion } from '../dns/fakes';
import { listenOnSocket, removeSockets } from '../engine-socket';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  json(): any;
}

/** A front door before two regions whose engines are the test's own. */
export class Door {
  static async open(engines: Record<string, http.RequestListener>, change: Partial<FrontDoorOptions> = {}): Promise<Door> {
    const servers: http.Server[] = [];
    const regions: FakeRegion[] = [];
    for (const [name, answer] of Object.entries(engines)) {
      const server = http.createServer(answer);
      servers.push(server);
      regions.push(new FakeRegion(name, await listenOnSocket(server)));
    }
    const names = regions.map((region) => region.name);
    const door = await startFrontDoor({
      port: 0,
      regions,
      links: createLinks([...names, 'us-east-2'], { lagMs: 7 }),
      tables: { status: () => [{ name: 'ledger', mode: 'STRONG', replicationLagMs: 0, conflicts: 3 }] },
      dns: {
        publicName: 'pay.example.com',
        resolve: ({ location }): DnsAnswer => ({
          kind: 'found',
          host: 'pay.example.com',
          target: `d-1.execute-api.${location}.amazonaws.com`,
          region: location,
        }),
        regionHealthy: () => true,
        status: () => [],
        close: () => {},
      },
      issuer: issuerFor({
        issuer: 'https://login.example.com/',
        audience: ['payments'],
        tenantClaim: 'tenant',
        scopes: ['payments/pay', 'payments/read'],
      }),
      apis: apisOf(names),
      ...change,
    });
    return new Door(door, regions, servers);
  }

  private constructor(
    private readonly door: FrontDoor,
    public readonly regions: FakeRegion[],
    private readonly servers: http.Server[],
  ) {}

  public get port(): number {
    return this.door.port;
  }

  public ask(method: string, path: string, options: { headers?: Record<string, string>; body?: string | Buffer } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, method, path, headers: options.headers, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const body = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body, json: () => JSON.parse(body) });
          });
        },
      );
      request.on('error', reject);
      request.end(options.body);
    });
  }

  public async close(): Promise<void> {
    await this.door.close();
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    removeSockets();
  }
}

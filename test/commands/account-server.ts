import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeAccount } from './fake-account';

type Body = Record<string, any>;
class NoSuchThing extends Error {}

/** Serves a fake account as AWS's services would, one path a region: what the SDK's clients see. */
export class AccountServer {
  readonly requests: { readonly target: string; readonly region: string; readonly body: Body }[] = [];
  private server?: Server;

  constructor(private readonly account: FakeAccount) {}

  async start(): Promise<string> {
    this.server = createServer(
      (request, response) =>
        void this.answer(request).then(({ status, body }) => {
          response.writeHead(status, {
            'content-type': 'application/x-amz-json-1.0',
            ...(typeof body.__type === 'string' ? { 'x-amzn-errortype': body.__type } : {}),
          });
          response.end(JSON.stringify(body));
        }),
    );
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/{region}`;
  }

  async stop(): Promise<void> {
    this.server!.closeAllConnections();
    await new Promise((resolve) => this.server!.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: Body }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body;
    const [, region, ...rest] = request.url!.split('/');
    const target = String(request.headers['x-amz-target'] ?? rest.join('/'));
    this.requests.push({ target, region, body });
    try {
      return { status: 200, body: await this.carryOut(target.replace(/^.*\./, ''), region, body) };
    } catch (error) {
      const name = error instanceof NoSuchThing ? error.message : (error as Error).name;
      return { status: target.startsWith('2015') ? 404 : 400, body: { __type: name, message: (error as Error).message } };
    }
  }

  private async carryOut(action: string, region: string, body: Body): Promise<Body> {
    const { account } = this;
    const { TableName: table } = body;
    if (action.startsWith('functions/') || action.includes('/functions/')) {
      if (!(await account.functionExists(region, /functions\/([^/]+)/.exec(action)![1]))) {
        throw new NoSuchThing('ResourceNotFoundException');
      }
      return {};
    }
    switch (action) {
      case 'DescribeTable':
        return this.describe(region, table as string);
      case 'UpdateTable':
        if (body.DeletionProtectionEnabled === false) await account.unprotectTable(region, table as string);
        else await account.dissolve(region, table as string, regionsIn(body.ReplicaUpdates), regionsIn(body.GlobalTableWitnessUpdates));
        return {};
      case 'DeleteTable':
        await account.deleteTable(region, table as string);
        return {};
      case 'DescribeKey': {
        const keyId = await account.keyOf(region);
        if (keyId === undefined) throw new NoSuchThing('NotFoundException');
        return { KeyMetadata: { KeyId: keyId, KeyState: 'Enabled' } };
      }
      case 'ScheduleKeyDeletion':
        await account.scheduleKeyDeletion(region, body.KeyId as string, body.PendingWindowInDays as number);
        return {};
      case 'DeleteAlias':
        await account.deleteAlias(region);
        return {};
      default:
        throw new Error(`the server knows no ${action}`);
    }
  }

  private async describe(region: string, table: string): Promise<Body> {
    const state = await this.account.describeTable(region, table);
    if (!state) throw new NoSuchThing('ResourceNotFoundException');
    // DynamoDB lists a global table's own region among the replicas.
    const replicas = [...(state.replicas.length > 0 ? [region] : []), ...state.replicas];
    return {
      Table: {
        TableName: table,
        TableStatus: state.status,
        DeletionProtectionEnabled: state.deletionProtection,
        ItemCount: state.items,
        MultiRegionConsistency: state.strong ? 'STRONG' : undefined,
        Replicas: replicas.map((RegionName) => ({ RegionName, ReplicaStatus: 'ACTIVE' })),
        GlobalTableWitnesses: state.witnesses.map((RegionName) => ({ RegionName })),
      },
    };
  }
}

const regionsIn = (updates: readonly { readonly Delete: { readonly RegionName: string } }[] = []): string[] =>
  updates.map(({ Delete }) => Delete.RegionName);

import { defaultScopeNames, writeCallerSource } from '../../../src/api/caller.contract';
import { apiEnv } from '../../../src/api/contract';
import type { GatewayResult } from '../../../src/api/http/function';
import type { GatewayEvent } from '../../../src/api/http/request';
import { ledgerEnv } from '../../../src/ledger/contract';
import { Engine, startEngine } from '../../../tools/engine';
import { loadedHandler } from '../../runtime/loaded-handler';

/** The API's Lambda entries as they are deployed, on a real engine that starts and ends with the file's tests. */
export function apiOnEngine(): { readonly engine: () => Engine; readonly logged: string[] } {
  let engine: Engine;
  const logged: string[] = [];
  beforeAll(async () => {
    engine = await startEngine();
    const { protocol, hostname, port } = await engine.client.config.endpoint!();
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: `${protocol}//${hostname}:${port}`,
      ...ledgerEnv.write({ systemName: 'acme-pay', tableName: engine.tableName, mode: 'STRONG', tableMode: 'STRONG' }),
      ...apiEnv.write({ callerSource: writeCallerSource({ kind: 'context', key: 'tenant', scopeKey: 'scope', names: defaultScopeNames }) }),
    });
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((text) => logged.push(String(text)) > 0);
    }
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await engine.close();
  });
  return { engine: () => engine, logged };
}

/** One of the API's entries, which reads its environment now. */
export function apiEntry<I = GatewayEvent, O = GatewayResult>(name: string): (event: I) => Promise<O> {
  return loadedHandler(`api/functions/${name}`, 15_000);
}

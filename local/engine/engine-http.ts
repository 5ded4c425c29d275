import http from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { localCredentials } from './credentials';

/** Where an emulator listens: a Unix socket in the run's own folder. */
export interface EngineSocket {
  readonly engineSocket: string;
}

/** Settings of an SDK client that asks one emulator as the account's root, past the proxies. */
export function engineClientConfig({ engineSocket }: EngineSocket, region: string) {
  return {
    region,
    // The name means nothing: the agent leads to the socket.
    endpoint: 'http://127.0.0.1',
    credentials: localCredentials,
    requestHandler: new NodeHttpHandler({ httpAgent: new http.Agent({ keepAlive: true, socketPath: engineSocket } as http.AgentOptions) }),
  };
}

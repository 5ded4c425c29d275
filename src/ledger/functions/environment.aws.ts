import { randomBytes } from 'crypto';
import { Environment, regionOf } from '../../kernel/env';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';
import { Invoker, invoker } from '../../runtime/invoke';
import { decisionPort, DynamoStore } from '../aws';
import { ledgerEnv, readHome } from '../contract';
import { authorityStore, forwardPort } from '../homes/home.aws';
import { HomeLedger } from '../homes/home.service';
import { Ledger } from '../model';
import { HomeOperations, OperatorPorts } from '../operator/operate.service';
import { itemsPort, scanPort } from '../operator/replicas.aws';
import { HomeStatus } from '../operator/status.service';
import { LedgerPorts, LedgerSettings } from '../ports';
import { PaymentsLedger } from '../protocol/service';
import { RefusingLedger, wrongTable } from '../tables/refusing.service';

/** The ledger of a function; with `receive` it takes calls that other regions send to it. */
export type FunctionLedger = Ledger & Partial<Pick<HomeLedger, 'receive'>>;

/** Ports and settings of the ledger for a function, from its environment. */
export function ledgerFromEnvironment(source: Environment): FunctionLedger {
  const env = ledgerEnv.read(source);
  const region = regionOf(source);
  if (env.mode !== 'STRONG' && env.mode !== 'HOME_REGION') {
    throw new Error(`environment variable LEDGER_CONSISTENCY_MODE is '${env.mode}': it must be STRONG or HOME_REGION`);
  }
  const wrong = wrongTable(env, region);
  if (wrong !== undefined) return new RefusingLedger(wrong);
  const timeoutMs = Number(env.decisionTimeoutMs ?? 0);
  const client = dynamoClient();
  const invokeIn = (place: string): Invoker =>
    invoker({
      region: place,
      credentials: client.config.credentials,
      ...(source.AWS_ENDPOINT_URL ? { endpoint: source.AWS_ENDPOINT_URL } : {}),
    });
  const ports: LedgerPorts = {
    ...clockPorts,
    store: new DynamoStore(client, env.tableName),
    ...(env.decisionFunctionArn ? { decide: decisionPort(invokeIn(region), env.decisionFunctionArn, Date.now) } : {}),
  };
  const settings: LedgerSettings = {
    region,
    ...(env.decisionFunctionArn ? { decision: { timeoutMs, onUnknown: env.decisionOnUnknown === 'DECLINE' ? 'DECLINE' : 'RETRY' } } : {}),
  };
  if (env.mode === 'STRONG') return new PaymentsLedger(ports, settings);
  const home = readHome(env.home);
  return new HomeLedger(
    { ...ports, authority: authorityStore(home), forward: forwardPort(invokeIn, env.systemName, home.forwardMs) },
    settings,
    home,
  );
}

/** What the function that only reads works with, from its environment. */
export function statusFromEnvironment(source: Environment): HomeStatus {
  const env = ledgerEnv.read(source);
  const home = readHome(env.home);
  return new HomeStatus(
    { ...clockPorts, store: new DynamoStore(dynamoClient(), env.tableName), authority: authorityStore(home) },
    regionOf(source),
    home,
  );
}

/** What an operator's function works with, from its environment. */
export function operationsFromEnvironment(source: Environment): { readonly operations: HomeOperations; readonly units: number } {
  const env = ledgerEnv.read(source);
  const wrong = wrongTable(env, regionOf(source));
  if (wrong !== undefined) throw new Error(wrong);
  const home = readHome(env.home);
  const ports: OperatorPorts = {
    ...clockPorts,
    store: new DynamoStore(dynamoClient(), env.tableName),
    authority: authorityStore(home),
    scan: scanPort(env.tableName, home.units),
    items: itemsPort(env.tableName),
  };
  return { operations: new HomeOperations(ports, regionOf(source), home), units: home.units };
}

/** Time and chance as Lambda has them. */
export const clockPorts: Omit<LedgerPorts, 'store'> = {
  ...clock,
  random: Math.random,
  // 72 bits in 12 characters: no two attempts of one key ever have the same, and an account's entry stays short.
  nonce: () => randomBytes(9).toString('base64url'),
};

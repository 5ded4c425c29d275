import { RecordsProperties } from '../../src/cutover/contract';

/** The system that the tests of the cutover move, told once. */
export const source = 'us-east-1';
export const target = 'eu-central-1';
export const stateMachineArn = `arn:aws:states:${target}:111122223333:stateMachine:acme-pay-cutover`;
export const stackId = `arn:aws:cloudformation:${target}:111122223333:stack/cutover/0a1b`;

/** Where the regions say that they are. */
export const addresses: Readonly<Record<string, { readonly value: string; readonly healthCheckId: string }>> = {
  [source]: { value: 'us.execute-api.us-east-1.amazonaws.com', healthCheckId: 'hc-us' },
  [target]: { value: 'eu.execute-api.eu-central-1.amazonaws.com', healthCheckId: 'hc-eu' },
};

/** The records as a stack deploys them. */
export const recordsProperties: RecordsProperties = {
  source,
  target,
  ttlSeconds: '60',
  initialTarget: '0',
  replaceExisting: 'false',
  onDelete: 'DELETE',
};

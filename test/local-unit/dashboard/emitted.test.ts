import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { emittedHere, isEmittedHere } from '../../../local/dashboard/emitted';
import { canaryMetrics } from '../../../src/canary/contract';
import { copyMetrics } from '../../../src/documents/contract';

const local = path.resolve(__dirname, '../../../local');
const code = readdirSync(local, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== path.join('dashboard', 'emitted.ts'))
  .map((file) => readFileSync(path.join(local, file), 'utf8'))
  .join('\n');

/** Names that are put by way of a contract. */
const byContract: Readonly<Record<string, string>> = {
  [canaryMetrics.namespace]: 'canaryMetrics',
  [canaryMetrics.success]: 'canaryMetrics',
  [canaryMetrics.duration]: 'canaryMetrics',
  [copyMetrics.namespace]: 'copyMetrics',
  [copyMetrics.latency]: 'copyMetrics',
  [copyMetrics.bytesPending]: 'copyMetrics',
  [copyMetrics.failed]: 'copyMetrics',
};
const isPut = (name: string): boolean => code.includes(`'${name}'`) || (name in byContract && code.includes(byContract[name]));

test('what is said to be emitted here is put by something of the local run', () => {
  const names = Object.entries(emittedHere).flatMap(([namespace, metrics]) => [namespace, ...metrics]);
  expect(names.filter((name) => !isPut(name))).toEqual([]);
});

test('every namespace of AWS that something of the local run puts is said to be emitted here', () => {
  const named = new Set([...code.matchAll(/namespace(?::| ===) '(AWS\/\w+|CloudWatch\w+)'/g)].map(([, namespace]) => namespace));
  expect(named.size).toBeGreaterThan(7);
  expect([...named].filter((namespace) => !(namespace in emittedHere))).toEqual([]);
});

test.each([
  ['AWS/DynamoDB', 'ConsumedWriteCapacityUnits', {}, false],
  ['AWS/DynamoDB', 'ReplicationLatency', { TableName: 't' }, true],
  ['AWS/Lambda', 'Invocations', {}, false],
  ['AWS/Lambda', 'Invocations', { FunctionName: 'f' }, true],
  ['AWS/Unknown', 'Count', {}, false],
  ['constructor', 'name', {}, true],
  ['TeamMetrics', 'Sold', {}, true],
])('%s %s with %o: %s', (namespace, name, dimensions, expected) => {
  expect(isEmittedHere(namespace, name, dimensions)).toBe(expected);
});

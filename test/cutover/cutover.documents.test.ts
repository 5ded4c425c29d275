import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { cutoverIn, definitionOf } from './machine';
import { fresh, recordsOf } from './run-under-test';
import { source, target } from './settings';
import type { Surroundings } from './whole-run';
import { parityRecordName, ParityRecord } from '../../src/documents/contract';
import { newStack, plain } from '../cdk/stacks';

const withDocuments = newStack('eu-central-1');
const { _plan: plan } = cutoverIn(withDocuments, { checks: { documentsParityAge: Duration.hours(1) } });
const definition = definitionOf(withDocuments);
const sha256 = 'a'.repeat(64);

const recordOf = (world: Surroundings, change: Partial<ParityRecord> = {}): string =>
  JSON.stringify({
    from: source,
    to: target,
    at: new Date(world.nowMs - 60_000).toISOString(),
    versions: 1204,
    differences: 0,
    report: 's3://acme-pay-docs/.backfill/parity/eu-central-1/one.json',
    sha256,
    ...change,
  });

test('with ReplicatedDocuments nobody attests: the check reads the one record that the backfill has written, in the target', () => {
  expect(plan.prechecks).toMatchObject({ attestations: [], documentsSeconds: 3600 });
  const parameter = parityRecordName('acme-pay', { from: source, to: target });
  expect(parameter).toBe('/acme-pay/documents/parity/us-east-1/eu-central-1');
  const policies = Object.values(Template.fromStack(withDocuments).findResources('AWS::IAM::Policy'));
  const rights = policies.flatMap(
    ({ Properties }) => plain(Properties.PolicyDocument.Statement) as { Action: unknown; Resource: unknown }[],
  );
  const reads = rights.filter(({ Resource }) => String(Resource).includes('documents/parity'));
  expect(reads.map(({ Action, Resource }) => [Action, Resource])).toEqual([
    ['ssm:GetParameters', expect.stringMatching(/:eu-central-1:.*:parameter\/acme-pay\/documents\/parity\/us-east-1\/eu-central-1$/)],
  ]);
});

test.each<[string, (world: Surroundings) => string | undefined, string]>([
  ['is missing', () => undefined, 'documents-backfilled: never compared'],
  ['is unreadable', () => '{}', 'documents-backfilled: the record of the comparison cannot be read'],
  ['is of another way', (world) => recordOf(world, { from: target, to: source }), 'documents-backfilled: the record'],
  ['shows differences', (world) => recordOf(world, { differences: 2 }), 'documents-backfilled: 1204 versions, 2 differences'],
  [
    'is too old',
    (world) => recordOf(world, { at: new Date(world.nowMs - 2 * 3_600_000).toISOString() }),
    'documents-backfilled: 1204 versions, 0 differences',
  ],
  ['is of the future', (world) => recordOf(world, { at: new Date(world.nowMs + 3_600_000).toISOString() }), 'documents-backfilled: 1204'],
])('a cutover moves nothing while the record %s, and starts afterwards without an attestation', async (_what, record, why) => {
  const world = await fresh();
  world.parity = record(world);
  expect(await world.run(definition, 'run-1', { attested: {} })).toMatchObject({
    output: { state: 'PAUSED', why: expect.stringContaining(why), weights: { source: 100, target: 0 } },
  });
  // Compared at each look: phases are checked again, an hour or more later.
  Object.defineProperty(world, 'parity', { get: () => recordOf(world) });
  expect(await world.run(definition, 'run-2', { attested: {} })).toMatchObject({ output: { state: 'SUCCEEDED' } });
});

test("the report's SHA-256 is in the signed audit, with the check that has read it", async () => {
  const world = await fresh();
  Object.defineProperty(world, 'parity', { get: () => recordOf(world) });
  await world.run(definition, 'run-1', { attested: {} });
  const [checked] = recordsOf(world, 'prechecks');
  expect(checked.entry).toMatchObject({ documents: sha256 });
});

import { createECDH, createPublicKey, hash } from 'node:crypto';
import { applyRecord, emptyState, parseRecord, verifyChain } from '../../../src/cutover/audit/domain';
import { AuditLog, AuditSigner } from '../../../src/cutover/audit/service';
import { AuditKey, auditKey, splitText } from '../../../src/cutover/audit/signature.domain';
import { anchorOf, auditName, auditSeq, setIdentifier } from '../../../src/cutover/contract';
import { AuditEntry, AuditRecord } from '../../../src/cutover/model';
import { foundIn, route53Records } from '../../../src/cutover/weights/aws';
import { Json } from '../../../src/kernel/fingerprint';
import { newStack } from '../../cdk/stacks';
import { cutoverIn, definitionOf } from '../../cutover/machine';
import { signDigest } from '../../cutover/p256';
import { TestSigner } from '../../cutover/signer';
import { Surroundings } from '../../cutover/whole-run';
import { shapeOf, World } from '../../cutover/world';
import { FakeAws } from '../../runtime/fake-aws';
import { Format, forEver, plain } from '../format';

const secret = hash('sha256', 'a key of the formats alone', 'buffer');

/** A key whose signature of a text is always the same. */
class FixedSigner implements AuditSigner {
  private readonly id = '11111111-2222-3333-4444-555555555555';

  public readonly key = (): Promise<AuditKey> =>
    Promise.resolve(auditKey(`arn:aws:kms:eu-central-1:111122223333:key/${this.id}`, publicKey()));
  public readonly sign = (text: string): Promise<string> =>
    Promise.resolve(signDigest(hash('sha256', text, 'buffer'), secret).toString('base64'));
}

function publicKey(): string {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(secret);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    .export({ format: 'der', type: 'spki' })
    .toString('base64');
}

const run = 'arn:aws:states:eu-central-1:111122223333:execution:acme-pay-cutover:run-1';
const pair = { source: 'us-east-1', target: 'eu-central-1' };

/** One statement of each kind, in an order that a run could have. */
const entries: { readonly [What in AuditEntry['what']]: Extract<AuditEntry, { readonly what: What }> } = {
  signing: { what: 'signing', after: 0, sha256: 'none', before: 'carries no signature' },
  intent: { what: 'intent', run: 'deploy', kind: 'create', phase: 0, from: shapeOf(100, 0), to: shapeOf(90, 10), regions: pair },
  changed: { what: 'changed', run: 'deploy', intent: 2, kind: 'create', weights: { source: 90, target: 10 }, inSync: true },
  started: {
    what: 'started',
    run,
    action: 'cutover',
    reason: 'leaving us-east-1',
    plan: 'sha-of-the-plan',
    phases: [10, 100],
    attested: { backfilled: 'alice' },
  },
  prechecks: { what: 'prechecks', run, phase: 0, passed: true, digest: 'sha-of-the-report', failed: [], checks: ['lag: 12 ms'] },
  decision: {
    what: 'decision',
    run,
    about: 'phase 1: 10 %',
    decision: 'APPROVED',
    comments: ['bob: {{fine}}'],
    digest: 'sha-of-the-report',
  },
  soaked: { what: 'soaked', run, phase: 0, seconds: 600 },
  breach: { what: 'breach', run, phase: 1, alarms: ['us-east-1/errors'], then: 'ROLL_BACK' },
  authority: { what: 'authority', run, unit: 1, from: 'us-east-1', to: 'eu-central-1', epoch: 3, done: true, pausedMs: 900 },
  reconciled: { what: 'reconciled', run, rounds: 4, summary: 'nothing differs', unexplained: 0, final: true, digest: 'sha-of-the-report' },
  drift: { what: 'drift', run, recorded: 'target 10', real: 'target 20', found: { shape: shapeOf(80, 20), stamp: 2 } },
  adopted: { what: 'adopted', run, shape: shapeOf(80, 20), stamp: 9 },
  unreachable: { what: 'unreachable', run, step: 'shift', detail: 'no answer from Route 53' },
  ended: { what: 'ended', run, state: 'PAUSED', why: 'nobody answered' },
  removed: { what: 'removed', run: 'deploy' },
};

async function chain(): Promise<Record<string, Json>> {
  const world = new World();
  const log = new AuditLog(world.audit(), new FixedSigner(), world.clock);
  for (const [name, entry] of Object.entries(entries)) {
    world.nowMs += 1_000;
    await log.append(() => ({ key: `key of ${name}`, by: ['alice'], entry }));
  }
  return { 'a record of each kind': plain({ texts: [...world.parameters.values()], publicKey: publicKey() }) };
}

function state({ texts, publicKey: key }: { readonly texts: readonly string[]; readonly publicKey: string }): unknown {
  const signer = auditKey('arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555', key);
  const { problems, anchor, signatures } = verifyChain({ texts: new Map(texts.map((text, at) => [at + 1, text])), others: [] }, signer);
  const records = texts.map((text) => parseRecord(text) as AuditRecord);
  const reached = records.reduce((before, record, at) => applyRecord(before, record, texts[at]), emptyState);
  return {
    problems,
    anchor,
    signatures,
    signed: texts.map((text) => splitText(text)?.text),
    reached: { ...reached, keys: [...reached.keys] },
  };
}

/** What a whole run is known by: kind and key of each record. A run goes on over a deployment by its keys. */
async function keys(): Promise<Record<string, Json>> {
  const stack = newStack('eu-central-1');
  cutoverIn(stack);
  const definition = definitionOf(stack);
  const world = await new Surroundings().withRecords();
  world.signer = new FixedSigner() as unknown as TestSigner;
  // The creation was signed by another key.
  world.parameters.clear();
  world.stamped = undefined;
  await world.withRecords();
  await world.run(definition, 'run-1');
  const records = [...world.parameters.values()].map((text) => parseRecord(text) as AuditRecord);
  const closes = ({ entry }: AuditRecord): boolean => entry.what === 'prechecks' && entry.before !== undefined;
  const keyOf = ({ key, entry }: AuditRecord): string => `${entry.what} ${key.replace(/[0-9a-f]{16}$/, 'DIGEST')}`;
  return {
    'a whole cutover': plain(records.filter((record) => !closes(record)).map(keyOf)),
    // A run of a release before these had none.
    'checks after the phases': plain(records.filter(closes).map(keyOf)),
  };
}

const name = { systemName: 'acme-pay', hostedZoneId: 'Z1', publicName: 'pay.example.com' };

async function route53(): Promise<Record<string, Json>> {
  const aws = await FakeAws.start();
  try {
    aws.answer = () => ({ body: '<Id>/change/C1</Id>' });
    await route53Records(name).replace({ kind: 'none', raw: [] }, { shape: shapeOf(75, 25), stamp: 12 });
    return { 'two regions': aws.calls[0].text };
  } finally {
    await aws.stop();
  }
}

export const cutoverFormats: readonly Format[] = [
  {
    format: 'cutover.audit-record',
    consequence: 'an audit from before a deployment counts as forged, and no run goes on',
    write: chain,
    read: state,
  },
  forEver('cutover.record-keys', 'a run that is under way during a deployment records, and does, a second time what it has done', keys),
  {
    format: 'cutover.audit-parameter',
    consequence: 'the records of before are not found: the audit begins anew and forgets its weights',
    write: () => ({ first: auditName('acme-pay', 1), later: auditName('acme-pay', 1234) }),
    read: (stored: string) => auditSeq('acme-pay', stored),
  },
  {
    format: 'cutover.anchor',
    consequence: 'an end of the audit that people have noted can no longer be given to a verification or a deployment',
    write: () => ({ anchor: `7:${hash('sha256', 'record 7')}` }),
    read: (stored: string) => anchorOf(stored),
  },
  {
    format: 'cutover.weighted-records',
    consequence: "the records of the public name look like somebody else's: every run stops, and a deployment cannot change them",
    write: route53,
    read: (stored: string) => {
      const { raw, ...found } = foundIn(stored, name);
      return found;
    },
  },
  forEver('cutover.set-identifier', "the records of the public name look like somebody else's", {
    source: setIdentifier('acme-pay', 'source', 12),
    target: setIdentifier('acme-pay', 'target', 12),
  }),
];

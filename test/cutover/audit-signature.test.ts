import { cutoverIn, definitionOf } from './machine';
import { target } from './settings';
import { TestSigner } from './signer';
import { Surroundings } from './whole-run';
import { World, note } from './world';
import { recordText } from '../../src/cutover/audit/domain';
import { AuditLog, ChainBroken } from '../../src/cutover/audit/service';
import { signatureBytes, signedText, splitText } from '../../src/cutover/audit/signature.domain';
import { AuditDraft } from '../../src/cutover/model';
import { AuditReader } from '../../src/cutover/report/service';
import { sha256 } from '../../src/kernel/digest';
import { newStack } from '../cdk/stacks';

const approval: AuditDraft = {
  key: 'run-1/decision/x',
  by: ['carol'],
  entry: { what: 'decision', run: 'run-1', about: 'phase 1: 10 %', decision: 'APPROVED', comments: [] },
};

async function chainOf(count: number): Promise<World> {
  const world = new World();
  for (let at = 1; at <= count; at += 1) {
    await world.log().append(() => note(`k${at}`));
    world.nowMs += 1_000;
  }
  return world;
}

/** What somebody puts who may put parameters, and may not have the key sign: everything is right but that. */
async function forge(world: World, change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const seq = world.parameters.size + 1;
  const last = world.parameters.get(seq - 1);
  return JSON.stringify({
    seq,
    at: new Date(world.nowMs).toISOString(),
    prev: last === undefined ? 'none' : sha256(last),
    ...approval,
    ...change,
  });
}

const dayBefore = (world: World): string => new Date(world.nowMs - 86_400_000).toISOString();
const attacks: Readonly<Record<string, (world: World) => Promise<string>>> = {
  'an unsigned one with the right hash': (world) => forge(world),
  'one that is dated before its predecessor': (world) => forge(world, { at: dayBefore(world) }),
  'one that only names the key': (world) => forge(world, { signedBy: world.signer.id }),
  'one with the signature of another record': async (world) =>
    signedText(await forge(world, { signedBy: world.signer.id }), splitText(world.parameters.get(2)!)!.signature),
  'one that another key signed': async (world) => {
    const text = await forge(world, { signedBy: world.signer.id });
    return signedText(text, await new TestSigner('mine').sign(text));
  },
  'one that another key signed, and says so': async (world) => {
    const text = await forge(world, { signedBy: 'mine' });
    return signedText(text, await new TestSigner('mine').sign(text));
  },
  'one that takes over what is there for another key': async (world) => {
    const text = await forge(world, { signedBy: 'mine', entry: { what: 'signing', after: 3, sha256: '', before: '' } });
    return signedText(text, await new TestSigner('mine').sign(text));
  },
  'one with more behind a good signature': async (world) => {
    const text = await forge(world, { signedBy: world.signer.id });
    const good = signedText(text, await world.signer.sign(text));
    return `${good.slice(0, -1)},"entry":{"what":"removed","run":"mine"},"sig":"AAAAAAAA"}`;
  },
  'one that is signed, but not dated': async (world) => {
    const text = await forge(world, { signedBy: world.signer.id, at: 'yesterday' });
    return signedText(text, await world.signer.sign(text));
  },
};

describe('whoever may put a parameter, and not have the key sign,', () => {
  test.each(Object.keys(attacks))('cannot append %s', async (attack) => {
    const world = await chainOf(3);
    world.parameters.set(4, await attacks[attack](world));
    await expect(world.log().append(() => note('more'))).rejects.toThrow(ChainBroken);
    expect(world.parameters.size).toBe(4);
    const { problems, signatures } = await world.log().verify();
    expect(problems.map(({ seq }) => seq)).toEqual([4]);
    expect(signatures).toMatchObject({ verified: [[1, 3]], firstBad: 4 });
    const { text, unbroken } = await new AuditReader(world.audit(), world.signer, world.clock).report({ systemName: 'acme-pay' });
    expect([unbroken, /records 1 to 3 verify with key/.test(text), /The first record that does not verify is 4\./.test(text)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('cannot be the first in an audit', async () => {
    const world = new World();
    world.parameters.set(1, await forge(world));
    await expect(world.log().append(() => note('more'))).rejects.toThrow(/record 1 .* carries no signature/);
  });

  test('stops the run: no weight moves on what they wrote', async () => {
    const stack = newStack(target);
    cutoverIn(stack);
    const definition = definitionOf(stack);
    const world = await new Surroundings().withRecords();
    let done = false;
    world.before = (step) => {
      if (done || step !== 'shift') return;
      done = true;
      const seq = world.parameters.size + 1;
      world.parameters.set(
        seq,
        JSON.stringify({ seq, at: new Date(world.nowMs).toISOString(), prev: sha256(world.parameters.get(seq - 1)!), ...approval }),
      );
    };
    const moves = world.seen.length;
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { last: { state: 'FAILED', why: expect.stringContaining('carries no signature') } },
    });
    expect(done).toBe(true);
    expect(world.seen).toHaveLength(moves);
  });
});

test('a record that was taken away again is forgotten: the same worker goes on', async () => {
  const world = await chainOf(3);
  const log = world.log();
  await log.current();
  world.parameters.set(4, await forge(world));
  await expect(log.current()).rejects.toThrow(ChainBroken);
  world.parameters.delete(4);
  expect((await log.append(() => note('more'))).seq).toBe(4);
  expect((await world.log().verify()).problems).toEqual([]);
});

describe('times', () => {
  test("do not go back, whoever signed: not even the key's own record is believed", async () => {
    const world = await chainOf(3);
    const { seq, tip } = await world.log().current();
    const text = recordText({ ...(await world.log().current()), seq, tip }, approval, dayBefore(world), world.signer.id);
    world.parameters.set(4, signedText(text, await world.signer.sign(text)));
    expect((await world.log().verify()).problems).toEqual([{ seq: 4, problem: expect.stringMatching(/^is dated .*, before record 3 \(/) }]);
    await expect(world.log().current()).rejects.toThrow(ChainBroken);
  });

  test('are waited for when the clock is a little behind, and refused when it is far behind', async () => {
    const world = await chainOf(3);
    world.nowMs -= 3_000;
    await world.log().append(() => note('soon after'));
    const [third, fourth] = (await world.log().verify()).records.slice(2).map(({ at }) => at);
    expect(fourth >= third).toBe(true);
    world.nowMs -= 60_000;
    await expect(world.log().append(() => note('long before'))).rejects.toThrow(/clock is \d+ s behind record 4/);
    expect(world.parameters.size).toBe(4);
  });
});

describe('records of before', () => {
  /** As they were written before records were signed. */
  const worldWithoutSignatures = async (count: number): Promise<World> => {
    const world = new World();
    for (let at = 1; at <= count; at += 1) world.parameters.set(at, await forge(world, { key: `old${at}` }));
    return world;
  };
  const end = (world: World): { seq: number; hash: string } => ({
    seq: world.parameters.size,
    hash: sha256(world.parameters.get(world.parameters.size)!),
  });
  const reportOf = async (world: World): Promise<string> =>
    (await new AuditReader(world.audit(), world.signer, world.clock).report({ systemName: 'acme-pay' })).text;

  test('are built upon only when a deployment takes over that very end, and stay what they were', async () => {
    const world = await worldWithoutSignatures(3);
    await expect(world.log().append(() => note('more'))).rejects.toThrow(/'formerAuditEnd'/);
    await expect(world.log().takeOver({ seq: 2, hash: sha256(world.parameters.get(2)!) }, ['someone'])).rejects.toThrow(ChainBroken);
    await expect(world.log().takeOver({ seq: 3, hash: '0'.repeat(64) }, ['someone'])).rejects.toThrow(ChainBroken);
    await world.log().takeOver(end(world), ['cloudformation acme-pay-cutover']);
    await world.log().append(() => note('more'));
    const { problems, signatures, records } = await world.log().verify();
    expect(problems).toEqual([]);
    expect(records[3]).toMatchObject({
      by: ['cloudformation acme-pay-cutover'],
      entry: { what: 'signing', after: 3, before: 'carries no signature' },
    });
    expect(signatures).toEqual({
      keyId: world.signer.id,
      verified: [[4, 5]],
      former: { to: 3, how: 'carries no signature', takenOverBy: 4 },
    });
    expect(await reportOf(world)).toMatch(
      /Unbroken: 5 records.*records 4 to 5 verify.*Records 1 to 3 .*carries no signature\. Record 4, which is signed, takes them over/s,
    );
  });

  test('are taken over once, by two workers at once too', async () => {
    const world = await worldWithoutSignatures(2);
    const anchor = end(world);
    await Promise.all([1, 2].map(() => world.log().takeOver(anchor, ['someone'])));
    await world.log().takeOver(anchor, ['someone']);
    expect(world.parameters.size).toBe(3);
    expect((await world.log().verify()).problems).toEqual([]);
  });

  test("may be another key's, of a stack that was made again", async () => {
    const world = await chainOf(2);
    const former = world.signer.id;
    world.signer = new TestSigner('another');
    await expect(world.log().append(() => note('more'))).rejects.toThrow(new RegExp(`is signed with key ${former}, and none after it`));
    await world.log().takeOver(end(world), ['someone']);
    await world.log().append(() => note('more'));
    expect(await world.log().verify()).toMatchObject({
      problems: [],
      signatures: { verified: [[3, 4]], former: { to: 2, how: `is signed with key ${former}`, takenOverBy: 3 } },
    });
  });

  test('cannot be added to behind the one that takes them over, nor changed', async () => {
    const world = await worldWithoutSignatures(3);
    await world.log().takeOver(end(world), ['someone']);
    const [second] = [world.parameters.get(2)!];
    world.parameters.set(2, second.replace('carol', 'mallo'));
    expect((await world.log().verify()).problems.map(({ seq }) => seq)).toEqual([3]);
    world.parameters.set(2, second);
    world.parameters.set(5, await forge(world));
    await expect(world.log().current()).rejects.toThrow(ChainBroken);
  });

  test("without the one that takes them over are nobody's, even below signed ones", async () => {
    const world = await worldWithoutSignatures(1);
    const state = { seq: 1, tip: sha256(world.parameters.get(1)!), keys: new Set<string>(), open: [], ttls: [], soaked: false, moved: [] };
    const text = recordText(state, note('k'), new Date(world.nowMs).toISOString(), world.signer.id);
    world.parameters.set(2, signedText(text, await world.signer.sign(text)));
    expect((await world.log().verify()).problems).toEqual([
      { seq: 2, problem: expect.stringContaining('takes over nothing') },
      expect.anything(),
    ]);
    await expect(world.log().current()).rejects.toThrow(ChainBroken);
  });

  test('nobody has taken over: the report says so', async () => {
    const world = await worldWithoutSignatures(2);
    expect(await reportOf(world)).toMatch(/BROKEN.*no record verifies with key.*No signed record has taken them over/s);
    // Before there is a key, somebody must be able to read what they will vouch for.
    const { text, unbroken } = await new AuditReader(world.audit(), undefined, world.clock).report({ systemName: 'acme-pay' });
    expect([unbroken, /Unbroken: 2 records.*Signatures were not checked/s.test(text)]).toEqual([true, true]);
  });
});

test('a signature takes no more room than is kept for it', async () => {
  const signer = new TestSigner();
  for (let at = 0; at < 300; at += 1) expect(signedText('{}', await signer.sign(`${at}`)).length - 2).toBeLessThanOrEqual(signatureBytes);
});

test('an answer of the key that fails is asked for again: what is signed is never guessed', async () => {
  const world = await chainOf(1);
  let failing = true;
  const log = new AuditLog(
    world.audit(),
    {
      key: async () => {
        if (failing) throw new Error('kms did not answer');
        return world.signer.key();
      },
      sign: world.signer.sign,
    },
    world.clock,
  );
  await expect(log.append(() => note('more'))).rejects.toThrow('kms did not answer');
  failing = false;
  expect((await log.append(() => note('more'))).seq).toBe(2);
});

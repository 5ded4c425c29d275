import fc from 'fast-check';
import { TestSigner } from './signer';
import { Crash, crashAt, shapeOf, startDraft, World, note } from './world';
import { emptyState, parseRecord, recordText, ttlSince } from '../../src/cutover/audit/domain';
import { recordBytes } from '../../src/cutover/audit/record-text.domain';
import { ChainBroken } from '../../src/cutover/audit/service';
import { signedText } from '../../src/cutover/audit/signature.domain';
import { AuditEntry } from '../../src/cutover/model';
import { AuditReader } from '../../src/cutover/report/service';
import { turns } from '../turns';

async function chainOf(count: number): Promise<World> {
  const world = new World();
  const log = world.log();
  for (let at = 1; at <= count; at += 1) await log.append(() => note(`k${at}`));
  return world;
}

test('each record carries the hash of the one before, and nothing is ever put twice', async () => {
  const world = await chainOf(25);
  const { records, problems, anchor } = await world.log().verify();
  expect(problems).toEqual([]);
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
  expect(records[0].prev).toBe('none');
  expect(new Set(records.map(({ prev }) => prev)).size).toBe(25);
  expect(anchor.seq).toBe(25);
  expect((await world.log().current()).tip).toBe(anchor.hash);
});

test('any number of writers at once take different places without a gap, and each statement stands once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), fc.boolean(), async (scheduler, writers, same) => {
      const world = new World();
      const turn = async (port: string): Promise<{ after: () => void }> => {
        await scheduler.schedule(Promise.resolve(), port);
        return { after: () => undefined };
      };
      const write = async (writer: number): Promise<void> => {
        const log = world.log(turn);
        for (const at of [1, 2, 3]) await log.append(() => note(same ? `k${at}` : `w${writer}-${at}`));
      };
      await scheduler.waitFor(Promise.all(Array.from({ length: writers }, (_, writer) => write(writer))));
      const { records, problems } = await world.log().verify();
      expect(problems).toEqual([]);
      expect(records).toHaveLength(same ? 3 : 3 * writers);
    }),
    { numRuns: 150 },
  );
});

test.each(['before', 'after'] as const)('killed %s any call leaves no gap, and the statement can be made again', async (when) => {
  const turn = turns('calls to be killed at', 100);
  for (let nth = 1, crashed = true; crashed; nth += 1) {
    turn();
    const world = await chainOf(3);
    crashed = await world
      .log(crashAt(nth, when))
      .append(() => note('again'))
      .then(
        () => false,
        (error: unknown) => error instanceof Crash,
      );
    await world.log().append(() => note('again'));
    const { records, problems } = await world.log().verify();
    expect([problems, records.map(({ key }) => key)]).toEqual([[], ['k1', 'k2', 'k3', 'again']]);
  }
});

test('a put whose answer was lost counts once', async () => {
  const world = new World();
  const port = world.audit();
  const log = world.log();
  let lost = false;
  const lossy = new (log.constructor as new (...args: unknown[]) => typeof log)(
    {
      ...port,
      put: async (seq: number, text: string) => {
        const answer = await port.put(seq, text);
        if (lost) return answer;
        lost = true;
        return 'taken';
      },
    },
    world.signer,
    world.clock,
  );
  await lossy.append(() => note('once'));
  expect(world.parameters.size).toBe(1);
});

describe('a broken chain', () => {
  const problemsAfter = async (spoil: (texts: Map<number, string>) => void): Promise<string[]> => {
    const world = await chainOf(5);
    spoil(world.parameters);
    const { problems } = await world.log().verify();
    return problems.map(({ seq, problem }) => `${seq} ${problem}`);
  };

  test('says which record was deleted', async () => {
    expect(await problemsAfter((texts) => texts.delete(3))).toEqual(['3 is missing: it was deleted']);
  });

  test('says between which two something was changed', async () => {
    expect(await problemsAfter((texts) => texts.set(3, texts.get(3)!.replace('alice', 'mallo')))).toEqual([
      expect.stringMatching(/^3 has a signature that key .* did not make/),
      expect.stringMatching(/^4 does not follow record 3/),
    ]);
  });

  test('says what is no record, and what was moved', async () => {
    expect(await problemsAfter((texts) => texts.set(2, '{'))).toEqual([
      expect.stringMatching(/^2 is not a record/),
      expect.stringMatching(/^3 does not follow record 2/),
    ]);
    expect((await problemsAfter((texts) => texts.set(5, texts.get(4)!)))[0]).toMatch(/^5 says that it is record 4/);
  });

  test("is seen whatever else lies below the path: a name that is no place's, and one in the last place", async () => {
    const world = await chainOf(3);
    world.beside = ['/acme-pay/cutover/audit/zzz'];
    const named = '/acme-pay/cutover/audit/zzz is not the name of a record: it was not written by the cutover';
    expect(await world.log().verify()).toMatchObject({ records: { length: 3 }, problems: [{ problem: named }] });
    world.parameters.set(999_999, world.parameters.get(3)!);
    const { problems, records } = await world.log().verify();
    expect([records.length, problems.length, problems[1].problem]).toEqual([
      4,
      3,
      'is missing, and all after it up to record 999998: they were deleted',
    ]);
    const { text, unbroken } = await new AuditReader(world.audit(), world.signer, world.clock).report({ systemName: 'acme-pay' });
    expect([unbroken, text.includes('- /acme-pay/cutover/audit/zzz'), text.includes('- record 4 is missing')]).toEqual([false, true, true]);
  });

  test('may be all gone: an audit without a record proves nothing', async () => {
    const { text, unbroken } = await new AuditReader(new World().audit(), new TestSigner(), new World().clock).report({
      systemName: 'acme-pay',
    });
    expect([unbroken, /there is no record of this system in this region/.test(text)]).toEqual([false, true]);
  });

  test('cannot hide that its end was cut off from whoever has seen it', async () => {
    const world = await chainOf(5);
    const seen = (await world.log().verify()).anchor;
    world.parameters.delete(5);
    expect((await world.log().verify()).problems).toEqual([]);
    expect((await world.log().verify(seen)).problems).toEqual([{ seq: 5, problem: 'is missing: it was deleted' }]);
  });

  test('is not built upon', async () => {
    for (const spoil of [
      (texts: Map<number, string>) => texts.delete(3),
      (texts: Map<number, string>) => texts.set(3, texts.get(3)!.replace('alice', 'mallo')),
    ]) {
      const world = await chainOf(5);
      spoil(world.parameters);
      await expect(world.log().append(() => note('more'))).rejects.toThrow(ChainBroken);
      expect(world.parameters.has(6)).toBe(false);
    }
  });
});

test('long texts and lists are cut with a proof of the rest', async () => {
  const world = new World();
  await world.log().append(() => note('long', 'x'.repeat(10_000)));
  expect(Buffer.byteLength(world.parameters.get(1)!)).toBeLessThanOrEqual(recordBytes);
  expect(world.parameters.get(1)).toMatch(/10000 characters, sha256 [0-9a-f]{64}/);
  await world.log().append(() => ({ ...note('wide'), by: Array.from({ length: 500 }, (_, at) => `approver-${at}`) }));
  expect(parseRecord(world.parameters.get(2)!)).toMatchObject({
    by: expect.arrayContaining(['approver-0', expect.stringMatching(/and 460 more, sha256 of all [0-9a-f]{64}/)]),
  });
});

test('whatever people write: a record fits, is one, and holds nothing that Parameter Store takes for a reference', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3_000 }),
    fc.constantFrom('{{ssm:x}}', '{{{', '\\{{', '{}{{"'),
    fc.nat(2_000).map((length) => '漢'.repeat(length)),
  );
  const texts = fc.array(text, { maxLength: 25 });
  const shape = shapeOf(90, 10);
  const entry: fc.Arbitrary<AuditEntry> = fc.oneof(
    fc.record({
      what: fc.constant('decision' as const),
      run: fc.constant('r'),
      about: text,
      decision: fc.constant('APPROVED' as const),
      comments: texts,
      digest: text,
    }),
    fc.record({
      what: fc.constant('breach' as const),
      run: fc.constant('r'),
      phase: fc.nat(),
      alarms: texts,
      then: fc.constant('PAUSE' as const),
    }),
    fc.record({
      what: fc.constant('prechecks' as const),
      run: fc.constant('r'),
      phase: fc.nat(),
      passed: fc.boolean(),
      digest: text,
      failed: texts,
      checks: texts,
    }),
    fc.record({
      what: fc.constant('drift' as const),
      run: fc.constant('r'),
      recorded: text,
      real: text,
      found: fc.constant({ shape, stamp: 3 }),
    }),
    fc.record({
      what: fc.constant('started' as const),
      run: fc.constant('r'),
      action: fc.constant('cutover' as const),
      reason: text,
      plan: text,
      phases: fc.constant([10, 100]),
      attested: fc.dictionary(fc.oneof(text, fc.constant('value')), text, { maxKeys: 25 }),
    }),
  );
  fc.assert(
    fc.property(entry, texts, (made, by) => {
      const written = recordText(emptyState, { key: 'k'.repeat(300), by, entry: made }, '2026-11-22T10:00:00.000Z', 'key');
      const stored = signedText(written, 'A'.repeat(96));
      expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(recordBytes);
      expect(stored).not.toContain('{{');
      expect(parseRecord(stored)).toMatchObject({
        entry: { what: made.what, ...(made.what === 'drift' ? { found: { shape, stamp: 3 } } : {}) },
      });
      const plain = {
        seq: 1,
        at: '2026-11-22T10:00:00.000Z',
        prev: 'none',
        key: 'k'.repeat(300),
        by,
        entry: made,
        signedBy: 'key',
        sig: 'A'.repeat(96),
      };
      if (Buffer.byteLength(JSON.stringify(plain)) < recordBytes / 2) {
        expect(parseRecord(stored)).toEqual(JSON.parse(JSON.stringify(plain)));
      }
    }),
    { numRuns: 200 },
  );
});

test('tells since when the TTL has been short enough', async () => {
  const world = await new World().prepare();
  const deploy = async (key: string, ttlSeconds: number): Promise<void> => {
    world.nowMs += 3_600_000;
    await world.change().carryOut(world.order({ key, run: 'd', kind: 'deploy', to: (is) => ({ ...is!, ttlSeconds }) }));
  };
  await deploy('d1', 300);
  const log = world.log();
  expect(ttlSince(await log.current(), 60)).toBeUndefined();
  await deploy('d2', 30);
  const lowered = new Date(world.nowMs).toISOString();
  await deploy('d3', 10);
  expect(ttlSince(await log.current(), 60)).toBe(lowered);
  expect(ttlSince(await log.current(), 300)! < lowered).toBe(true);
});

test('the state follows from the records alone', async () => {
  const world = await new World().prepare();
  const log = world.log();
  expect(await log.current()).toMatchObject({ recorded: { shape: shapeOf(100, 0) }, open: [], run: { id: 'run-1', startedBy: ['alice'] } });
  await log.append(() => startDraft('run-2'));
  expect((await world.log().current()).run?.id).toBe('run-2');
  expect(await world.log().current()).toEqual(await log.current());
});

import fc from 'fast-check';
import { publishLimits } from '../../src/events/contract';
import type { MeshEvent, PutEntry } from '../../src/events/model';
import { entryOf, envelopeProblem } from '../../src/events/publishing/envelope.domain';
import { DeadLetter, EntryOutcome, PublishPorts, publish, PutFailed, PutResult } from '../../src/events/publishing/publish.service';

const entry = (name: string, subject?: string, bytes = 20): PutEntry => ({
  source: 's',
  detailType: name,
  detail: 'x'.repeat(bytes),
  ...(subject === undefined ? {} : { subject }),
});

type Answer = 'ok' | 'throttled' | 'malformed' | 'lost';

/** EventBridge as it may behave: each request is answered by the next of the given answers, entry by entry or as a whole. */
class FakeBus {
  readonly requests: string[][] = [];
  readonly taken: string[] = [];
  readonly letters: DeadLetter[] = [];
  /** Entries whose answer leaves nothing to repeat, and for each request those that were so before it. */
  readonly settled = new Set<string>();
  readonly before: ReadonlySet<string>[] = [];
  now = 0;
  private at = 0;

  constructor(
    private readonly answers: readonly (readonly Answer[] | 'down' | 'invalid' | 'short')[],
    private readonly queue: readonly boolean[] = [],
  ) {}

  ports(): PublishPorts {
    let keeps = 0;
    return {
      put: async (entries) => {
        this.requests.push(entries.map(({ detailType }) => detailType));
        this.before.push(new Set(this.settled));
        this.now += 5;
        const answer = this.answers[this.at] ?? [];
        this.at += 1;
        if (answer === 'down') throw new PutFailed('down', true);
        if (answer === 'invalid') {
          if (entries.length === 1) this.settled.add(entries[0].detailType);
          throw new PutFailed('invalid', false);
        }
        const results = entries.map((one, index) => this.answer(one, answer === 'short' ? 'ok' : (answer[index] ?? 'ok')));
        const given = answer === 'short' ? results.slice(1) : results;
        for (const [index, result] of given.entries()) {
          if (result.kind === 'accepted' || !result.retryable) this.settled.add(entries[index].detailType);
        }
        return given;
      },
      keep: async (letters) => {
        keeps += 1;
        if (this.queue[keeps - 1] === false) throw new Error('queue down');
        this.letters.push(...letters);
        return letters.length;
      },
      nowMs: () => this.now,
      random: () => 0.5,
      sleep: async (ms) => {
        this.now += ms;
      },
    };
  }

  private answer({ detailType }: PutEntry, answer: Answer): PutResult {
    if (answer === 'ok' || answer === 'lost') {
      this.taken.push(detailType);
      return answer === 'ok' ? { kind: 'accepted' } : { kind: 'refused', reason: 'InternalFailure', retryable: true };
    }
    return { kind: 'refused', reason: answer, retryable: answer === 'throttled' };
  }
}

const kinds = (outcomes: readonly EntryOutcome[]): string[] => outcomes.map(({ kind }) => kind);

test('an entry that EventBridge did not take in an accepted request is sent again, the others are not', async () => {
  const bus = new FakeBus([['ok', 'throttled', 'ok']]);
  expect(kinds(await publish(bus.ports(), [entry('a'), entry('b'), entry('c')], 10_000))).toEqual(['sent', 'sent', 'sent']);
  expect(bus.requests).toEqual([['a', 'b', 'c'], ['b']]);
});

test('what is malformed goes to the dead-letter queue at once, with the reason', async () => {
  const bus = new FakeBus([['malformed']]);
  expect(await publish(bus.ports(), [entry('a'), entry('b')], 10_000)).toEqual([
    { kind: 'deadLettered', reason: 'malformed' },
    { kind: 'sent' },
  ]);
  expect(bus.letters.map(({ entry: { detailType } }) => detailType)).toEqual(['a']);
});

test('a request that is refused as a whole condemns only the entry that is refused alone', async () => {
  const bus = new FakeBus(['invalid', ['ok'], 'invalid', ['ok']]);
  expect(kinds(await publish(bus.ports(), [entry('a'), entry('b'), entry('c')], 10_000))).toEqual(['sent', 'deadLettered', 'sent']);
  expect(bus.requests).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
});

test('an entry that waits holds back the later ones of its subject, and nobody else', async () => {
  const bus = new FakeBus([['throttled', 'ok']]);
  await publish(bus.ports(), [entry('p1', 'p'), entry('q1', 'q'), entry('p2', 'p'), entry('q2', 'q')], 10_000);
  expect(bus.requests).toEqual([['p1', 'q1'], ['q2'], ['p1'], ['p2']]);
});

test('after the deadline everything left is given up', async () => {
  const bus = new FakeBus(Array<'down'>(100).fill('down'));
  const outcomes = await publish(bus.ports(), [entry('a', 's'), entry('b', 's')], 1_000);
  expect(outcomes).toEqual([
    { kind: 'deadLettered', reason: 'down' },
    { kind: 'deadLettered', reason: 'the time ran out before it was sent' },
  ]);
  expect(bus.now).toBeLessThanOrEqual(1_005);
  expect(bus.requests.length).toBeGreaterThan(3);
});

test('a queue that does not take it either leaves it to the caller', async () => {
  const bus = new FakeBus([['malformed']], [false, false, false]);
  expect(await publish(bus.ports(), [entry('a')], 1_000)).toEqual([
    { kind: 'open', forGood: true, reason: 'malformed; nor did the dead-letter queue take it: queue down' },
  ]);
  const { keep: _none, ...without } = new FakeBus([['malformed']]).ports();
  expect(kinds(await publish(without, [entry('a')], 1_000))).toEqual(['open']);
});

test("an entry over EventBridge's limit is not sent at all", async () => {
  const bus = new FakeBus([]);
  const [outcome] = await publish(bus.ports(), [entry('big', undefined, publishLimits.bytes)], 1_000);
  expect(outcome).toEqual({
    kind: 'deadLettered',
    reason: `it has ${publishLimits.bytes + 4} bytes, EventBridge takes ${publishLimits.bytes}`,
  });
  expect(bus.requests).toEqual([]);
});

test('bytes are counted as UTF-8', async () => {
  const bus = new FakeBus([]);
  await publish(
    bus.ports(),
    [1, 2].map((n) => ({ source: 's', detailType: `${n}`, detail: '€'.repeat(50_000) })),
    1_000,
  );
  expect(bus.requests).toEqual([['1'], ['2']]);
});

const answers = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.constantFrom<Answer>('ok', 'ok', 'throttled', 'malformed', 'lost'), { maxLength: 10 }) },
    fc.constantFrom<'down' | 'invalid' | 'short'>('down', 'invalid', 'short'),
  ),
  { maxLength: 60 },
);
const story = fc.record({
  subjects: fc.array(fc.option(fc.constantFrom('p', 'q', 'r'), { nil: undefined }), { maxLength: 40 }),
  bytes: fc.array(fc.constantFrom(10, 10, 10, 100_000, 200_000, 300_000), { minLength: 40, maxLength: 40 }),
  answers,
  queue: fc.array(fc.boolean(), { maxLength: 4 }),
  deadlineMs: fc.constantFrom(0, 50, 500, 60_000),
});

test('every entry ends in exactly one place, requests keep the limits, and no entry overtakes one of its subject', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ subjects, bytes, answers: given, queue, deadlineMs }) => {
      const entries = subjects.map((subject, n) => entry(`${n}`, subject, bytes[n]));
      const bus = new FakeBus(given, queue);
      const outcomes = await publish(bus.ports(), entries, deadlineMs);
      const letters = new Set(bus.letters.map(({ entry: { detailType } }) => detailType));
      for (const [n, { kind }] of outcomes.entries()) {
        expect(letters.has(`${n}`)).toBe(kind === 'deadLettered');
        if (kind === 'sent') expect(bus.taken).toContain(`${n}`);
      }
      expect(new Set(bus.letters).size).toBe(bus.letters.length);
      for (const request of bus.requests) {
        expect(request.length).toBeLessThanOrEqual(publishLimits.entries);
        expect(request.reduce((sum, name) => sum + bytes[Number(name)], 0)).toBeLessThanOrEqual(publishLimits.bytes);
        const known = request.map((name) => subjects[Number(name)]).filter((subject) => subject !== undefined);
        expect(new Set(known).size).toBe(known.length);
      }
      // Nothing is sent while an earlier one of its subject has to be repeated; what is too large is never sent.
      for (const [at, request] of bus.requests.entries()) {
        for (const name of request.filter((one) => subjects[Number(one)] !== undefined)) {
          const earlier = entries
            .slice(0, Number(name))
            .filter(({ subject }, n) => subject === subjects[Number(name)] && bytes[n] < 256 * 1024 - 100);
          expect(earlier.filter(({ detailType }) => !bus.before[at].has(detailType))).toEqual([]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

const event: MeshEvent = {
  id: 'evt_1',
  type: 'order.shipped',
  schemaVersion: 1,
  origin: 'us-east-1',
  occurredAt: '2026-11-22T03:00:00.000Z',
  data: {},
};

describe('an envelope', () => {
  test('becomes an entry with its trace and its subject', () => {
    const trace = { traceId: '1-65f00000-0123456789abcdef01234567', parentId: '0123456789abcdef' };
    expect(entryOf({ ...event, subject: 's1', trace }, 'shop')).toEqual({
      source: 'shop',
      detailType: 'order.shipped',
      detail: JSON.stringify({ ...event, subject: 's1', trace }),
      subject: 's1',
      traceHeader: 'Root=1-65f00000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1',
    });
    expect(entryOf({ ...event, trace: { traceId: trace.traceId } }, 'shop').traceHeader).toBe(
      'Root=1-65f00000-0123456789abcdef01234567;Sampled=0',
    );
  });

  test.each<[string, object, string]>([
    ['an ID that is none', { id: 'a b' }, '\'id\' is "a b"; allowed: 1 to 128 of A-Z a-z 0-9 . _ : -'],
    ['no type', { type: '' }, '\'type\' is ""; allowed: 1 to 128 characters'],
    ['a version of nothing', { schemaVersion: 0 }, "'schemaVersion' is 0; allowed: a whole number from 1"],
    ['an origin that is no region', { origin: 'here' }, '\'origin\' is "here"; allowed: the name of an AWS region'],
    ['a time without milliseconds', { occurredAt: '2026-11-22T03:00:00Z' }, '\'occurredAt\' is "2026-11-22T03:00:00Z"'],
    ['a sequence that is no place', { sequence: 1.5 }, "'sequence' is 1.5; allowed: a whole number, or absent"],
    ['a trace of its own making', { trace: { traceId: 'x' } }, '\'trace\' is {"traceId":"x"}'],
    ['no data', { data: undefined }, "'data' is undefined; allowed: any JSON value"],
  ])('with %s is refused', (_what, change, problem) => {
    expect(envelopeProblem({ ...event, ...change })).toContain(problem);
  });

  test('that is well formed has no problem, and what is no object has one', () => {
    expect(envelopeProblem({ ...event, tenant: 't', subject: 's', sequence: 3 })).toBeUndefined();
    expect([envelopeProblem(undefined), envelopeProblem([]), envelopeProblem('x')]).toEqual(Array(3).fill('the event is not an object'));
  });
});

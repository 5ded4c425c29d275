import { home, other, TwoRegions } from './two-regions';
import { keyId } from '../../src/kernel/fingerprint';
import { Arrivals, ArrivalsCommand, arrivedHere } from '../../src/ledger/homes/arrivals.service';
import type { CallOutcome, ForwardedCall } from '../../src/ledger/homes/home.service';
import { Item, StoreFault } from '../../src/ledger/ports';
import { MemoryStore } from '../../tools/memory/memory-store';

/** Which entries other regions have, so that they may leave their account here. */

const id = (key: string): string => keyId('acme', key);
const hold = { id: id('p'), code: 'H5', behind: [[id('p'), 2]] as const };
const refund = {
  id: id('r'),
  code: `R${id('q')}3`,
  behind: [
    [id('r'), 1],
    [id('q'), 4],
  ] as const,
};
const command: ArrivalsCommand = { accountId: 'acc', epoch: 2, entries: [hold, refund] };

describe('what the copies of a region have', () => {
  let copies: MemoryStore;
  const put = (pk: string, more: Omit<Item, 'pk'>): void => void copies.items.set(pk, { pk, ...more });
  const item = (key: string, version: number, epoch = 2): void => put(`k#${id(key)}@${epoch}`, { version });
  const account = (entries: Record<string, string>, epoch = 2): void => put(`a#acme#acc@${epoch}`, { version: 1, entries });
  const asked = (one = command): Promise<readonly string[]> => arrivedHere(copies, 'acme', one);

  beforeEach(() => {
    copies = new MemoryStore();
    account({ [hold.id]: hold.code, [refund.id]: refund.code });
    item('p', 2);
    item('r', 1);
    item('q', 5);
  });

  test('is named where the account and all that is behind the entry have come, in this version or a later one', async () => {
    expect(await asked()).toEqual([hold.id, refund.id]);
  });

  test.each<[string, readonly string[], () => unknown]>([
    ['the account says something else of it', [refund.id], () => account({ [hold.id]: 'H6', [refund.id]: refund.code })],
    ['the account does not have it', [hold.id], () => account({ [hold.id]: hold.code })],
    ['the account has not come', [], () => copies.items.delete('a#acme#acc@2')],
    [
      'the account has come of an earlier epoch alone',
      [],
      () => (copies.items.clear(), account({ [hold.id]: hold.code }, 1), item('p', 2)),
    ],
    [
      'the account is of another tenant',
      [],
      () => (copies.items.set('a#other#acc@2', copies.items.get('a#acme#acc@2')!), copies.items.delete('a#acme#acc@2')),
    ],
    ['its item has not come', [refund.id], () => copies.items.delete(`k#${id('p')}@2`)],
    ['its item has come in an older version', [refund.id], () => item('p', 1)],
    ['its item has come of an earlier epoch alone', [refund.id], () => (copies.items.delete(`k#${id('p')}@2`), item('p', 7, 1))],
    ["a refund's payment has not come", [hold.id], () => copies.items.delete(`k#${id('q')}@2`)],
    ["a refund's payment has come in an older version", [hold.id], () => item('q', 3)],
    ['the next epoch has begun', [], () => account({ [hold.id]: hold.code, [refund.id]: refund.code }, 3)],
  ])('is not named where %s', async (_, named, given) => {
    given();
    expect(await asked()).toEqual(named);
  });

  test('is looked up in reads of a hundred items, each once', async () => {
    const keys = Array.from({ length: 100 }, (_, number) => `k${number}`);
    const entries = keys.map((key, n) => ({
      id: id(key),
      code: `R${id('q')}${n + 1}`,
      behind: [
        [id(key), 1],
        [id('q'), 4],
      ] as const,
    }));
    account(Object.fromEntries(entries.map(({ id: one, code }) => [one, code])));
    keys.slice(1).forEach((key) => item(key, 1));
    const sizes: number[] = [];
    const counting = Object.assign(Object.create(copies) as MemoryStore, {
      readMany: (pks: readonly string[]) => (sizes.push(pks.length), copies.readMany(pks)),
    });
    expect(await arrivedHere(counting, 'acme', { ...command, entries })).toEqual(keys.slice(1).map(id));
    expect(sizes).toEqual([9, 100, 1]);
  });
});

describe('a home that asks the other regions', () => {
  let nowMs: number;
  let sent: [string, ForwardedCall][];
  let answers: Record<string, CallOutcome | Error>;
  let arrivals: Arrivals;
  const context = (forMs = 4_000) => ({ tenant: 'acme', traceId: '1-0-0', deadlineMs: nowMs + forMs });
  const ask = async (forMs?: number): Promise<readonly unknown[]> => {
    const { ids, fromAll } = await arrivals.arrived(context(forMs), command);
    return [...ids, ...(fromAll ? [] : ['but not all have answered'])];
  };
  const some = 'but not all have answered';
  const all: CallOutcome = { kind: 'arrived', ids: [hold.id, refund.id] };
  const fenced: CallOutcome = { kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 1 };

  beforeEach(() => {
    nowMs = 1_800_000_000_000;
    sent = [];
    answers = { b: all, c: all };
    const forward = async (region: string, call: ForwardedCall): Promise<CallOutcome> => {
      sent.push([region, call]);
      const answer = answers[region];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    arrivals = new Arrivals({ nowMs: () => nowMs, forward }, ['b', 'c']);
  });

  test('lets go what each of them names', async () => {
    expect(await ask()).toEqual([hold.id, refund.id]);
    answers.b = { kind: 'arrived', ids: [refund.id] };
    expect(await ask()).toEqual([refund.id]);
    answers = { b: all, c: { kind: 'arrived', ids: [] } };
    expect(await ask()).toEqual([]);
    const call = { name: 'arrivals', command };
    expect(sent.slice(0, 2)).toEqual(['b', 'c'].map((region) => [region, { tenant: 'acme', traceId: '1-0-0', remainingMs: 1_000, call }]));
  });

  test('gives them the time that its call has left, but some for itself, and a second at most', async () => {
    await ask(900);
    await ask(90_000);
    expect(sent.map(([, { remainingMs }]) => remainingMs)).toEqual([650, 650, 1_000, 1_000]);
  });

  test('asks none where its call has hardly time, and takes none of them for silent', async () => {
    expect(await ask(300)).toEqual([]);
    expect(sent).toEqual([]);
    expect(await ask()).toEqual([hold.id, refund.id]);
  });

  test('lets go nothing that it did not ask for', async () => {
    answers.b = answers.c = { kind: 'arrived', ids: [hold.id, 'x'.repeat(22)] };
    expect(await ask()).toEqual([hold.id]);
  });

  test.each<[string, CallOutcome | Error, number]>([
    ['does not answer', new Error('no answer'), 10_000],
    ['cannot tell', { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 }, 10_000],
    ['does not take the question', { kind: 'rejected', code: 'invalid_request', detail: 'x' }, 10_000],
    ['does not know it', fenced, 600_000],
    ['tells what is no list', { kind: 'arrived' } as unknown as CallOutcome, 10_000],
  ])('goes by the others where one %s, and does not ask it for a while', async (_, answer, leftAloneMs) => {
    answers = { b: { kind: 'arrived', ids: [refund.id] }, c: answer };
    expect(await ask()).toEqual([refund.id, some]);
    answers = { b: all, c: all };
    nowMs += leftAloneMs - 1;
    expect(await ask()).toEqual([hold.id, refund.id, some]);
    expect(sent.map(([region]) => region)).toEqual(['b', 'c', 'b']);
    nowMs += 1;
    expect(await ask()).toEqual([hold.id, refund.id]);
  });

  test('that has no other region waits for none', async () => {
    const alone = new Arrivals({ nowMs: () => nowMs, forward: () => Promise.reject(new Error('asked')) }, []);
    expect(await alone.arrived(context(), command)).toEqual({ ids: new Set([hold.id, refund.id]), fromAll: true });
  });
});

describe('the question, as a region receives it', () => {
  let world: TwoRegions;
  const receive = (given: unknown, region = other): Promise<CallOutcome> =>
    world
      .in(region)
      .receive({ tenant: 'acme', traceId: '1-0-0', remainingMs: 1_000, call: { name: 'arrivals', command: given as ArrivalsCommand } });

  beforeEach(async () => {
    world = new TwoRegions();
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    await world.pay(home, 'p', 5);
    world.replicate(home, other);
  });

  test('is answered by its own copies, home or not, and without a look at who is home', async () => {
    const version = world.replicas.get(home)!.items.get(`k#${id('p')}@1`)!.version as number;
    const ofP = { accountId: 'acc', epoch: 1, entries: [{ ...hold, behind: [[id('p'), version]] }] };
    world.authority.read = () => Promise.reject(new Error('looked'));
    world.restart(other);
    expect(await receive(ofP)).toEqual({ kind: 'arrived', ids: [id('p')] });
    expect(await receive(ofP, home)).toEqual({ kind: 'arrived', ids: [id('p')] });
    expect(await receive({ ...ofP, entries: [{ ...hold, behind: [[id('p'), version + 1]] }] })).toEqual({ kind: 'arrived', ids: [] });
  });

  test.each<[string, unknown, string]>([
    ['an identity that is none', { ...command, entries: [{ ...hold, id: 'k#x' }] }, 'entries'],
    ['an identity behind it that is none', { ...command, entries: [{ ...hold, behind: [['../x', 1]] }] }, 'entries'],
    ['a version that is none', { ...command, entries: [{ ...hold, behind: [[id('p'), '1']] }] }, 'entries'],
    ['nothing behind it', { ...command, entries: [{ ...hold, behind: [] }] }, 'entries'],
    ['three items behind it', { ...command, entries: [{ ...hold, behind: Array(3).fill([id('p'), 1]) }] }, 'entries'],
    ['a code that no entry has', { ...command, entries: [{ ...hold, code: 'H 5' }] }, 'entries'],
    ['an entry that is none', { ...command, entries: [null] }, 'entries'],
    ['no entry', { ...command, entries: [] }, 'entries'],
    ['too many entries', { ...command, entries: Array(101).fill(hold) }, 'entries'],
    ['entries that are no list', { ...command, entries: { length: 1 } }, 'entries'],
    ['an epoch that is none', { ...command, epoch: '2' }, 'epoch'],
    ['no epoch', { ...command, epoch: 0 }, 'epoch'],
    ['an account that is none', { ...command, accountId: 'a#b' }, 'accountId'],
    ['a member that it does not have', { ...command, all: true }, 'all'],
    ['no command', undefined, 'arrivals'],
  ])('is refused with %s, and nothing is read', async (_, given, member) => {
    const { reads } = world.replicas.get(other)!;
    expect(await receive(given)).toMatchObject({
      kind: 'rejected',
      code: 'invalid_request',
      detail: expect.stringContaining(`'${member}'`),
    });
    expect(world.replicas.get(other)!.reads).toBe(reads);
  });

  test('has no answer where its copies cannot be read', async () => {
    world.replicas.get(other)!.readMany = () => Promise.reject(new StoreFault('throttled', 'slow'));
    expect(await receive(command)).toEqual({ kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1, cause: 'slow' });
    world.replicas.get(other)!.readMany = () => Promise.reject(new TypeError('broken'));
    await expect(receive(command)).rejects.toThrow('broken');
  });
});

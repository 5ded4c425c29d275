import { HomeSettings } from '../../src/ledger/homes/authority.domain';
import { HomeLedger, HomeUnreachable, unitOf } from '../../src/ledger/homes/home.service';
import { CallContext, LedgerEvent } from '../../src/ledger/model';
import {
  CutoverMoves,
  CutoverSight,
  HomeOperations,
  moveRequestOf,
  operatorRequestOf,
  OperatorResult,
} from '../../src/ledger/operator/operate.service';
import { HomeStatus, statusRequestOf, StatusResult } from '../../src/ledger/operator/status.service';
import { LedgerPorts } from '../../src/ledger/ports';
import { MemoryStore } from '../../tools/memory/memory-store';

const east = 'us-east-1';
const west = 'eu-central-1';
const settings: HomeSettings = {
  regions: [east, west],
  units: 1,
  leaseMs: 10_000,
  requestMs: 6_000,
  clockMarginMs: 1_000,
  refreshMs: 1_000,
  moveRequestMs: 1_500,
  moveRefreshMs: 250,
  movePauseMs: 4_500,
  takeover: 'OPERATOR',
};

let nowMs: number;
let replicas: Map<string, MemoryStore>;
let authority: MemoryStore;
let onSleep: () => void | Promise<void>;
const events: LedgerEvent[] = [];
let count = 0;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  replicas = new Map([
    [east, new MemoryStore()],
    [west, new MemoryStore()],
  ]);
  authority = new MemoryStore();
  onSleep = () => undefined;
  events.length = 0;
});

const ports = (region: string): LedgerPorts => ({
  store: replicas.get(region)!,
  nowMs: () => nowMs,
  random: () => 0.5,
  nonce: () => `n${(count += 1)}`,
  sleep: async (ms) => {
    nowMs += ms;
    await onSleep();
  },
});
const context = (): CallContext => ({
  tenant: 'acme',
  traceId: '1-0-0',
  deadlineMs: nowMs + 60_000,
  observe: (event) => {
    events.push(event);
  },
});
const ledger = (region: string): HomeLedger =>
  new HomeLedger(
    {
      ...ports(region),
      authority,
      forward: async (home) => {
        throw new HomeUnreachable(home);
      },
    },
    { region },
    settings,
  );

function replicate(): void {
  for (const [pk, item] of replicas.get(east)!.items) replicas.get(west)!.items.set(pk, structuredClone(item));
}

const operations = (region: string): HomeOperations =>
  new HomeOperations(
    {
      ...ports(region),
      authority,
      scan: async function* scan(of) {
        for (const { pk, version } of replicas.get(of)!.items.values()) yield { pk, version: version as number };
      },
      items: (of, pks) => replicas.get(of)!.readMany(pks),
    },
    region,
    settings,
  );

function operate(region: string, event: object): Promise<OperatorResult> {
  const request = operatorRequestOf({ by: 'alice', reason: 'us-east-1 is slow', ...event }, settings.units);
  if (typeof request === 'string') throw new Error(request);
  return operations(region).run(request, context());
}

function ask(region: string, event: object): Promise<StatusResult> {
  const request = statusRequestOf(event);
  if (typeof request === 'string') throw new Error(request);
  return new HomeStatus({ ...ports(region), authority }, region, settings).run(request, context());
}

const run = 'arn:aws:states:eu-central-1:111122223333:execution:acme-pay-cutover:run-1';
function moveFor(
  region: string,
  event: object,
  isRunning: (named: string) => Promise<boolean>,
  sight: CutoverSight = { step: 'authority', target: west },
): Promise<OperatorResult> {
  const request = moveRequestOf({ run, ...event }, settings.units);
  if (typeof request === 'string') throw new Error(request);
  const look = async (named: string): Promise<CutoverSight | undefined> => ((await isRunning(named)) ? sight : undefined);
  return new CutoverMoves(operations(region), { look, region, sleep: async () => undefined }).run(request, context());
}

async function pay(region: string, key: string): Promise<string> {
  nowMs += 10;
  const outcome = await ledger(region).authorise(context(), { idempotencyKey: key, accountId: 'acc', amount: 100, currency: 'EUR' });
  return outcome.kind === 'unsure' ? outcome.code : outcome.kind;
}

describe('with an account in us-east-1', () => {
  beforeEach(async () => {
    await ledger(east).openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    await pay(east, 'k');
    replicate();
  });

  it('tells who is home, and when another region could be', async () => {
    expect(await ask(west, { action: 'status' })).toMatchObject({
      kind: 'status',
      region: west,
      units: [{ unit: 0, home: east, epoch: 1, state: 'OPEN', takeoverInMs: expect.any(Number) }],
    });
  });

  it('takes over, also from a home that goes on renewing its lease, once nothing that it allowed can last', async () => {
    const began = nowMs;
    const during: string[] = [];
    onSleep = () => void pay(east, 'during').then((outcome) => during.push(outcome));
    expect(await operate(west, { action: 'takeover' })).toMatchObject({ kind: 'taken', record: { home: west, epoch: 2, state: 'OPEN' } });
    expect(nowMs - began).toBeGreaterThan(16_000);
    expect(events).toContain('homeTakeover');
    expect(new Set(during)).toEqual(new Set(['region_fenced']));
    expect(await pay(west, 'k2')).toBe('answered');
    expect(await operate(west, { action: 'takeover' })).toMatchObject({ kind: 'refused' });
  });

  it('takes over nothing any more once that was called off, though the home has no work: it is there', async () => {
    let off: Promise<OperatorResult> | undefined;
    onSleep = async () => {
      // Nor before: a mark that came a moment after the end would stay.
      expect(authority.items.get('u#0')!.contested).toBeUndefined();
      await (off ??= operate(east, { action: 'abort', by: 'bob' }));
    };
    expect(await operate(west, { action: 'takeover' })).toMatchObject({ kind: 'refused', detail: expect.stringContaining('called off') });
    expect(await off).toMatchObject({ kind: 'aborted' });
    expect(authority.items.get('u#0')).toMatchObject({ home: east, epoch: 1, state: 'OPEN' });
    // Idle homes are kept by their health function, but for one that another region waits for.
    expect(authority.items.get('u#0')!.contested).toBeUndefined();
  });

  it('takes over nothing where another person has begun to in the place of what was called off', async () => {
    let off: Promise<OperatorResult> | undefined;
    onSleep = async () => {
      await (off ??= operate(east, { action: 'abort' }));
      authority.items.set('u#0', { ...authority.items.get('u#0')!, state: 'DRAINING', drainTo: 'us-west-2' });
    };
    expect(await operate(west, { action: 'takeover' })).toMatchObject({ kind: 'refused' });
    expect(authority.items.get('u#0')).toMatchObject({ home: east, epoch: 1, drainTo: 'us-west-2' });
  });

  it('moves a home that has replicated, and leaves one that has not', async () => {
    await pay(east, 'late');
    expect(await operate(west, { action: 'relocate' })).toMatchObject({ kind: 'aborted', difference: { missing: 1, older: 1 } });
    nowMs += 2_000;
    expect(await pay(east, 'again')).toBe('answered');
    replicate();
    expect(await operate(west, { action: 'relocate', tenant: 'acme' })).toMatchObject({ kind: 'moved', record: { home: west, epoch: 2 } });
  });

  it('puts back a unit whose move was left half done', async () => {
    authority.items.set('u#0', { ...authority.items.get('u#0')!, state: 'DRAINING', drainTo: west });
    expect(await pay(east, 'k3')).toBe('region_fenced');
    expect(await operate(east, { action: 'abort', unit: 0 })).toMatchObject({ kind: 'aborted', record: { home: east, state: 'OPEN' } });
    expect(await pay(east, 'k3')).toBe('answered');
    expect(await operate(east, { action: 'abort', unit: 0 })).toMatchObject({ kind: 'refused' });
  });

  it('records who asked for a change, why, in which region and when, for whoever asks for the status', async () => {
    const began = nowMs;
    expect(await operate(west, { action: 'takeover', by: 'bob', reason: 'the region does not answer' })).toMatchObject({ kind: 'taken' });
    expect(await ask(east, { action: 'status' })).toMatchObject({
      units: [{ home: west, lastAsked: { action: 'takeover', by: 'bob', reason: 'the region does not answer', region: west, at: began } }],
    });
    replicas.get(east)!.items.clear();
    for (const [pk, item] of replicas.get(west)!.items) replicas.get(east)!.items.set(pk, structuredClone(item));
    expect(await operate(east, { action: 'relocate', by: 'carol' })).toMatchObject({ kind: 'moved' });
    expect(await ask(west, { action: 'status' })).toMatchObject({
      units: [{ home: east, lastAsked: { action: 'relocate', by: 'carol', region: east } }],
    });
  });

  describe('a cutover', () => {
    const unchanged = async (result: Promise<OperatorResult>): Promise<OperatorResult> => {
      const before = structuredClone(authority.items);
      const said = await result;
      expect(authority.items).toEqual(before);
      return said;
    };

    it('moves a home for a run that is under way, which is recorded', async () => {
      expect(await moveFor(west, { action: 'relocate' }, async (named) => named === run)).toMatchObject({
        kind: 'moved',
        record: { home: west, lastAsked: { action: 'relocate', run } },
      });
    });

    it('moves none for a run that nobody can find, that is over, or of which nothing can be told', async () => {
      for (const action of ['relocate', 'abort']) {
        expect(await unchanged(moveFor(west, { action }, async () => false))).toMatchObject({
          kind: 'refused',
          detail: expect.stringContaining('not a running execution'),
        });
        expect(await unchanged(moveFor(west, { action }, async () => Promise.reject(new Error('no answer'))))).toMatchObject({
          kind: 'unsure',
          detail: expect.stringContaining('no answer'),
        });
      }
    });

    it.each<[string, string, string, CutoverSight]>([
      ['a run that soaks', west, 'relocate', { step: 'soak', target: west }],
      ['a run that waits for people', west, 'relocate', { target: west }],
      ['a rollback, in the region that it leaves', west, 'relocate', { step: 'authorityBack', target: west }],
      ['a rollback, in the region that it leaves', west, 'abort', { step: 'authorityBack', target: west }],
      ['a run to another region', west, 'relocate', { step: 'authority', target: east }],
      ['a run that calls nothing off', west, 'abort', { step: 'authority', target: west }],
      ['a machine without a plan', west, 'relocate', { step: 'authorityBack' }],
    ])('moves none for %s', async (_what, region, action, sight) => {
      expect(await unchanged(moveFor(region, { action }, async () => true, sight))).toMatchObject({
        kind: 'refused',
        detail: expect.stringMatching(/is not at '(relocate|abort)' to .*: nothing is moved$/),
      });
    });

    it('moves back what a rollback asks for, and waits for a history that lags behind', async () => {
      expect(await moveFor(west, { action: 'relocate' }, async () => true)).toMatchObject({ kind: 'moved' });
      for (const [pk, item] of replicas.get(west)!.items) replicas.get(east)!.items.set(pk, structuredClone(item));
      let looks = 0;
      const look = async (): Promise<CutoverSight> =>
        (looks += 1) < 4 ? { step: 'rollback', target: west } : { step: 'authorityBack', target: west };
      const request = moveRequestOf({ run, action: 'relocate' }, settings.units) as Exclude<ReturnType<typeof moveRequestOf>, string>;
      expect(
        await new CutoverMoves(operations(east), { look, region: east, sleep: async () => undefined }).run(request, context()),
      ).toMatchObject({ kind: 'moved', record: { home: east } });
      expect(looks).toBe(4);
    });

    it.each([
      [{ action: 'takeover', unit: 0, run }, 'give relocate or abort'],
      [{ action: 'relocate', unit: 0 }, "takes 'run'"],
      [{ action: 'relocate', unit: 0, run: { is: 'mine' } }, "takes 'run'"],
      [{ action: 'relocate', unit: 1, run }, 'from 0 to 0'],
      ['relocate', 'undefined'],
    ])('cannot ask for %j', (event, says) => {
      expect(moveRequestOf(event, 1)).toEqual(expect.stringContaining(says));
    });
  });

  it('writes nothing for whoever may only look, whatever is asked', async () => {
    const before = [structuredClone(authority.items), structuredClone(replicas.get(west)!.items)];
    for (const action of ['takeover', 'relocate', 'abort', 'renew']) {
      expect(statusRequestOf({ action, unit: 0, by: 'alice', reason: 'r' })).toEqual(expect.stringContaining("'action' is"));
    }
    await ask(west, { action: 'status' });
    await ask(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' });
    // A unit of which nothing is known yet, too.
    authority.items.delete('u#0');
    before[0].delete('u#0');
    await ask(west, { action: 'status' });
    expect([authority.items, replicas.get(west)!.items]).toEqual(before);
  });

  it('reconciles an account, and finds what a lost region wrote late', async () => {
    expect(await ask(east, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({
      kind: 'reconciled',
      home: east,
      epoch: 1,
      addsUp: true,
      account: { lateWrites: [] },
    });
    await pay(east, 'late');
    await operate(west, { action: 'takeover' });
    await pay(west, 'fresh');
    replicate();
    expect(await ask(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({
      kind: 'reconciled',
      home: west,
      epoch: 2,
      addsUp: true,
      account: { lateWrites: [{ effect: 'hold' }] },
    });
    const [account] = [...replicas.get(west)!.items.values()].filter(({ kind, pk }) => kind === 'ACCOUNT' && pk.endsWith('@2'));
    replicas.get(west)!.items.set(account.pk, { ...account, held: 1 });
    expect(await ask(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({ addsUp: false });
    expect(await ask(west, { action: 'reconcile', tenant: 'acme', accountId: 'none' })).toMatchObject({ kind: 'refused' });
    // The same account where it is not at home: that it does not add up may only be the way in which copies follow.
    replicas.get(east)!.items.set(account.pk, { ...account, held: 1 });
    expect(await ask(east, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({
      kind: 'unsure',
      detail: `${east} is not home, and its copy may be behind: ask ${west}`,
    });
  });

  it('reconciles by the page, not by the entry: an account is busy, and its home may have moved often', async () => {
    for (let n = 0; n < 60; n += 1) await pay(east, `busy-${n}`);
    replicate();
    const store = replicas.get(west)!;
    const before = structuredClone(store.items.get('a#acme#acc@1')!);
    // Most decisions do not arrive in time: the new home opens without them.
    const entries = store.items.get('a#acme#acc@1')!.entries as Record<string, string>;
    for (const id of Object.keys(entries).slice(-50)) delete entries[id];
    store.items.set('a#acme#acc@1', { ...store.items.get('a#acme#acc@1')!, version: 1 });
    nowMs += 30_000;
    expect((await operate(west, { action: 'takeover', unit: 0 })).kind).toBe('taken');
    expect(await pay(west, 'after')).toBe('answered');
    store.items.set('a#acme#acc@1', before);
    const [pages, one, lists] = [jest.spyOn(store, 'readMany'), jest.spyOn(store, 'read'), jest.spyOn(store, 'list')];
    const result = await ask(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' });
    expect(result.kind === 'reconciled' && result.account.lateWrites).toHaveLength(50);
    // The store in memory reads the items of a page one by one.
    const ofPages = pages.mock.calls.reduce((sum, [pks]) => sum + pks.length, 0);
    expect(lists.mock.calls.length + pages.mock.calls.length + one.mock.calls.length - ofPages).toBeLessThan(30);
  });
});

describe('a request', () => {
  it.each([
    [undefined, "'action' is undefined: give one of takeover, relocate, abort; 'status' and 'reconcile' are asked of '...-home-status'"],
    [{ action: 'move' }, '\'action\' is "move"'],
    [{ action: 'takeover', unit: 0 }, "'takeover' takes 'by', who asks for it"],
    [{ action: 'takeover', unit: 0, by: 'alice' }, "and 'reason'"],
    [{ action: 'takeover', unit: 0, by: 'alice', reason: ' '.repeat(257) }, 'at most 256'],
    [{ action: 'takeover', unit: 0, by: 'alice\nbob', reason: 'r' }, "takes 'by'"],
    [{ action: 'takeover', unit: 4 }, "'takeover' takes 'unit', a whole number from 0 to 3, or 'tenant'"],
    [{ action: 'relocate' }, "'relocate' takes 'unit'"],
  ])('%j is refused in plain words', (event, says) => {
    expect(operatorRequestOf(event, 4)).toContain(says);
  });

  it.each([
    [{ action: 'reconcile', tenant: 'acme' }],
    [{ action: 'reconcile', tenant: 'acme#x', accountId: 'a' }],
    [{ action: 'reconcile', tenant: 'acme', accountId: 'a#b' }],
  ])('%j names no account', (event) => {
    expect(statusRequestOf(event)).toContain("'reconcile' takes 'tenant' and 'accountId'");
  });

  it('names a unit, or a tenant in it', () => {
    const asked = { by: 'alice', reason: 'r' };
    expect(operatorRequestOf({ action: 'takeover', unit: 3, ...asked }, 4)).toEqual({ action: 'takeover', unit: 3, asked });
    expect(operatorRequestOf({ action: 'takeover', tenant: 'acme', ...asked }, 4)).toEqual({
      action: 'takeover',
      unit: unitOf('acme', 4),
      asked,
    });
    expect(operatorRequestOf({ action: 'abort', ...asked }, 1)).toEqual({ action: 'abort', unit: 0, asked });
  });
});

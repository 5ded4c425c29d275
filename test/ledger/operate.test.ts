import { HomeSettings } from '../../src/ledger/authority.service';
import { HomeLedger, HomeUnreachable, unitOf } from '../../src/ledger/home.service';
import { CallContext, LedgerEvent } from '../../src/ledger/model';
import { HomeOperations, operatorRequestOf, OperatorResult } from '../../src/ledger/operate.service';
import { LedgerPorts } from '../../src/ledger/ports';
import { MemoryStore } from '../contract/memory-store';

const east = 'us-east-1';
const west = 'eu-central-1';
const settings: HomeSettings = {
  regions: [east, west], units: 1, leaseMs: 10_000, requestMs: 6_000, clockMarginMs: 1_000, refreshMs: 1_000,
  moveRequestMs: 1_500, moveRefreshMs: 250, movePauseMs: 4_500, takeover: 'OPERATOR',
};

let nowMs: number;
let replicas: Map<string, MemoryStore>;
let authority: MemoryStore;
let onSleep: () => void;
const events: LedgerEvent[] = [];
let count = 0;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  replicas = new Map([[east, new MemoryStore()], [west, new MemoryStore()]]);
  authority = new MemoryStore();
  onSleep = () => undefined;
  events.length = 0;
});

const ports = (region: string): LedgerPorts => ({
  store: replicas.get(region)!, nowMs: () => nowMs, random: () => 0.5, nonce: () => `n${count += 1}`,
  sleep: async (ms) => {
    nowMs += ms;
    onSleep();
  },
});
const context = (): CallContext => ({ tenant: 'acme', traceId: '1-0-0', deadlineMs: nowMs + 60_000, observe: (event) => { events.push(event); } });
const ledger = (region: string): HomeLedger => new HomeLedger({
  ...ports(region), authority, forward: async (home) => { throw new HomeUnreachable(home); },
}, { region }, settings);

function replicate(): void {
  for (const [pk, item] of replicas.get(east)!.items) replicas.get(west)!.items.set(pk, structuredClone(item));
}

function operate(region: string, event: object): Promise<OperatorResult> {
  const request = operatorRequestOf(event, settings.units);
  if (typeof request === 'string') throw new Error(request);
  return new HomeOperations({
    ...ports(region), authority,
    scan: async function* scan(of) {
      for (const { pk, version } of replicas.get(of)!.items.values()) yield { pk, version: version as number };
    },
    items: (of, pks) => replicas.get(of)!.readMany(pks),
  }, region, settings).run(request, context());
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
    expect(await operate(west, { action: 'status' })).toMatchObject({ kind: 'status', region: west, units: [{ unit: 0, home: east, epoch: 1, state: 'OPEN', takeoverInMs: expect.any(Number) }] });
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

  it('reconciles an account, and finds what a lost region wrote late', async () => {
    expect(await operate(east, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({ kind: 'reconciled', home: east, epoch: 1, addsUp: true, account: { lateWrites: [] } });
    await pay(east, 'late');
    await operate(west, { action: 'takeover' });
    await pay(west, 'fresh');
    replicate();
    expect(await operate(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({ kind: 'reconciled', home: west, epoch: 2, addsUp: true, account: { lateWrites: [{ effect: 'hold' }] } });
    const [account] = [...replicas.get(west)!.items.values()].filter(({ kind, pk }) => kind === 'ACCOUNT' && pk.endsWith('@2'));
    replicas.get(west)!.items.set(account.pk, { ...account, held: 1 });
    expect(await operate(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' })).toMatchObject({ addsUp: false });
    expect(await operate(west, { action: 'reconcile', tenant: 'acme', accountId: 'none' })).toMatchObject({ kind: 'refused' });
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
    const result = await operate(west, { action: 'reconcile', tenant: 'acme', accountId: 'acc' });
    expect(result.kind === 'reconciled' && result.account.lateWrites).toHaveLength(50);
    // The store in memory reads the items of a page one by one.
    const ofPages = pages.mock.calls.reduce((sum, [pks]) => sum + pks.length, 0);
    expect(lists.mock.calls.length + pages.mock.calls.length + one.mock.calls.length - ofPages).toBeLessThan(30);
  });
});

describe('a request', () => {
  it.each([
    [undefined, "'action' is undefined: give one of status, takeover, relocate, abort, reconcile"],
    [{ action: 'move' }, '\'action\' is "move"'],
    [{ action: 'takeover', unit: 4 }, "'takeover' takes 'unit', a whole number from 0 to 3, or 'tenant'"],
    [{ action: 'relocate' }, "'relocate' takes 'unit'"],
    [{ action: 'reconcile', tenant: 'acme' }, "'reconcile' takes 'tenant' and 'accountId'"],
  ])('%j is refused in plain words', (event, says) => {
    expect(operatorRequestOf(event, 4)).toContain(says);
  });

  it('names a unit, or a tenant in it', () => {
    expect(operatorRequestOf({ action: 'takeover', unit: 3 }, 4)).toEqual({ action: 'takeover', unit: 3 });
    expect(operatorRequestOf({ action: 'takeover', tenant: 'acme' }, 4)).toEqual({ action: 'takeover', unit: unitOf('acme', 4) });
    expect(operatorRequestOf({ action: 'abort' }, 1)).toEqual({ action: 'abort', unit: 0 });
  });
});

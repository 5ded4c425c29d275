import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';

describe('in a new authority table, with the items of a system whose home has moved', () => {
  let world: TwoRegions;
  let fresh: TwoRegions;
  let paymentId: string;
  const contents = (): unknown => [fresh.authority.items, ...[...fresh.replicas.values()].map(({ items }) => items)];

  beforeEach(async () => {
    world = new TwoRegions();
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    const first = paid(await world.pay(home, 'first', 100));
    paymentId = first.paymentId;
    world.replicate(home, other);
    world.loseHome(home);
    paid(await world.pay(other, 'second', 300));
    paid(await world.move(other, 'cap', 'CAPTURE', paid(await world.pay(other, 'second', 300)).paymentId));
    expect(await world.balances(other)).toMatchObject({ available: 600, held: 100, settled: 300 });
    fresh = new TwoRegions();
    fresh.nowMs = world.nowMs;
    for (const { items } of fresh.replicas.values()) for (const [pk, item] of world.replicas.get(other)!.items) items.set(pk, item);
  });

  it('takes no unit for new whose account or payment a later epoch has touched: nothing is written, callers get 503', async () => {
    const before = structuredClone(contents());
    const unsure = {
      kind: 'unsure',
      code: 'region_fenced',
      cause: expect.stringMatching(/no record of unit 0, but the ledger has '.+@2'/),
    };
    expect(await fresh.pay(home, 'second', 300)).toMatchObject(unsure);
    // From another region, too: not even its home is looked for.
    expect(await fresh.pay(other, 'third', 1)).toMatchObject(unsure);
    const command = { accountId: 'acc', currency: 'EUR', balance: 1_000 };
    expect(await fresh.in(home).openAccount(fresh.context(), command)).toMatchObject(unsure);
    // The second payment is of the later epoch; the first one is not, but its account.
    const second = paid(await world.pay(other, 'second', 300)).paymentId;
    for (const one of [paymentId, second]) {
      expect(await fresh.move(home, `void-${one}`, 'VOID', one)).toMatchObject(unsure);
      expect(await fresh.in(home).getPayment(fresh.context(), one)).toMatchObject(unsure);
    }
    expect(await fresh.balances(home)).toMatchObject(unsure);
    expect(await fresh.in(home).listTransactions(fresh.context(), { accountId: 'acc', limit: 10 })).toMatchObject(unsure);
    expect(contents()).toEqual(before);
  });

  it('goes on where the records were copied first, as the runbook says', async () => {
    const u0 = { pk: 'u#0', home: other, epoch: 2, leaseUntil: 0, state: 'OPEN', version: 1 };
    await fresh.authority.create(u0);
    expect(await fresh.balances(other)).toEqual({ available: 600, held: 100, settled: 300, homeRegion: other });
    const second = paid(await fresh.pay(home, 'second', 300)).paymentId;
    expect(await fresh.in(home).getPayment(fresh.context(), second)).toMatchObject({ payment: { status: 'CAPTURED' } });
    paid(await fresh.move(home, 'void', 'VOID', paymentId));
    expect(await fresh.balances(other)).toMatchObject({ available: 700, held: 0, settled: 300 });
  });

  it('looks once: an account that is new makes the record, which the guide says it cannot prevent', async () => {
    expect(await fresh.in(home).openAccount(fresh.context(), { accountId: 'new', currency: 'EUR', balance: 1 })).toMatchObject({
      kind: 'opened',
    });
    expect(fresh.authority.items.get('u#0')).toMatchObject({ epoch: 1 });
  });
});

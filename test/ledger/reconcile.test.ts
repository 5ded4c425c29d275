import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { KeyedOutcome } from '../../src/ledger/model';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { StoreFault } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { trim } from '../../src/ledger/protocol/trim.service';
import { MemoryStore } from '../../tools/memory/memory-store';

let world: TwoRegions;
beforeEach(async () => {
  world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

const report = (region: string, epoch: number) => reconcileAccount(world.attempt(region), epoch, 'acme', 'acc');

describe('the reconciliation of an account that is written meanwhile', () => {
  /** Something happens after the account was read, and before its lines are. */
  const meanwhile = (work: () => Promise<unknown>): void => {
    const memory = world.replicas.get(home)!;
    const list = memory.list.bind(memory);
    memory.list = async (...page) => {
      memory.list = list;
      await work();
      return list(...page);
    };
  };
  const addsUp = async (): Promise<void> => {
    const { kept, recomputed } = (await report(home, 1))!;
    expect(recomputed).toEqual(kept);
  };

  it.each(['a payment', 'a repeated payment', 'a capture', 'a void', 'a refund', 'a completed one that was only repeated', 'a trimming'])(
    'is not misled by %s',
    async (what) => {
      const { paymentId } = paid(await world.pay(home, 'open', 70));
      const captured = paid(await world.pay(home, 'captured', 90)).paymentId;
      await world.move(home, 'c', 'CAPTURE', captured, 50);
      const work: Readonly<Record<string, () => Promise<unknown>>> = {
        'a payment': () => world.pay(home, 'new', 11),
        'a repeated payment': async () => [await world.pay(home, 'new', 11), await world.pay(home, 'new', 11)],
        'a capture': () => world.move(home, 'm', 'CAPTURE', paymentId, 30),
        'a void': () => world.move(home, 'm', 'VOID', paymentId),
        'a refund': () => world.move(home, 'm', 'REFUND', captured, 20),
        'a completed one that was only repeated': () => world.pay(home, 'open', 70),
        'a trimming': async () => {
          await world.pay(home, 'big', 90_000);
          const now = world.nowMs;
          world.nowMs += 16 * 60_000;
          world.random = () => 0;
          await world.pay(home, 'big', 90_000);
          world.random = () => 0.5;
          world.nowMs = now;
        },
      };
      meanwhile(work[what]);
      await addsUp();
      await addsUp();
    },
  );

  describe('with a hold that has left its account', () => {
    let paymentId: string;
    const lookLater = async (): Promise<void> => {
      world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
      const { ports, settings, context } = world.attempt(home);
      const own = { ...ports, store: new EpochStore(ports.store, 1) };
      await trim(new Attempt(own, { ...settings, copiesFollow: true }, context), 'a#acme#acc');
    };
    beforeEach(async () => {
      ({ paymentId } = paid(await world.pay(home, 'open', 70)));
      await lookLater();
      await lookLater();
      expect(world.replicas.get(home)!.items.get('a#acme#acc@1')).toMatchObject({ entries: {}, held: 70 });
    });

    it.each<[string, () => Promise<unknown>]>([
      ['its capture', () => world.move(home, 'm', 'CAPTURE', paymentId, 30)],
      ['its void', () => world.move(home, 'm', 'VOID', paymentId)],
      [
        'its capture, whose entry goes',
        async () => {
          await world.move(home, 'm', 'CAPTURE', paymentId, 30);
          const now = world.nowMs;
          await lookLater();
          await lookLater();
          world.nowMs = now;
          expect(world.replicas.get(home)!.items.get('a#acme#acc@1')).toMatchObject({ entries: {} });
        },
      ],
    ])('is not misled by %s', async (_, work) => {
      meanwhile(async () => [await work(), await work()]);
      await addsUp();
      await addsUp();
      expect(world.replicas.get(home)!.items.get('a#acme#acc@1')!.held).toBe(0);
    });

    it.each(['a payment', 'a refund'])('is not misled by %s that was dated again', async (what) => {
      await world.move(home, 'c', 'CAPTURE', paymentId, 60);
      const replica = world.replicas.get(home)!;
      const ask = (): Promise<KeyedOutcome> =>
        what === 'a payment' ? world.pay(home, 'late', 11) : world.move(home, 'late', 'REFUND', paymentId, 20);
      replica.change = (change) =>
        change.pk.startsWith('a#') ? Promise.reject(new StoreFault('unknown', 'cut')) : MemoryStore.prototype.change.call(replica, change);
      expect(await ask()).toMatchObject({ kind: 'unsure' });
      replica.change = MemoryStore.prototype.change.bind(replica);
      const through = world.nowMs + 500;
      await replica.change({ pk: 'a#acme#acc@1', require: [], set: [[['trimmedThrough'], through]] });
      meanwhile(async () => [paid(await ask()), paid(await ask())]);
      await addsUp();
      await addsUp();
      expect([...replica.items.values()].filter(({ entryAt }) => entryAt !== undefined)).toHaveLength(1);
    });
  });

  it('is not misled by an index that does not show the newest payments and moves yet', async () => {
    await world.pay(home, 'seen', 70);
    const { paymentId } = paid(await world.pay(home, 'k', 90));
    await world.move(home, 'c', 'CAPTURE', paymentId, 50);
    const memory = world.replicas.get(home)!;
    const list = memory.list.bind(memory);
    memory.list = async (account, limit, from) => (await list(account, limit + 2, from)).slice(from === undefined ? 2 : 0, limit + 2);
    await addsUp();
    memory.list = list;
    await addsUp();
  });

  it('still sees an account that does not add up', async () => {
    await world.pay(home, 'k');
    const [account] = [...world.replicas.get(home)!.items.values()].filter(({ kind }) => kind === 'ACCOUNT');
    world.replicas.get(home)!.items.set(account.pk, { ...account, held: 150, available: 850 });
    meanwhile(() => world.pay(home, 'new', 11));
    expect(await report(home, 1)).toMatchObject({ kept: { held: 150 }, recomputed: { held: 100 } });
  });
});

test('the reconciliation reads on behind payments that were lost, made again, and have arrived', async () => {
  world.random = () => 0.99; // no call looks after the account
  for (let number = 0; number < 5; number += 1) {
    const { paymentId } = paid(await world.pay(home, `old${number}`, 7));
    paid(await world.move(home, `c${number}`, 'CAPTURE', paymentId));
  }
  world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
  const { ports, settings, context } = world.attempt(home);
  await trim(new Attempt({ ...ports, store: new EpochStore(ports.store, 1) }, { ...settings, copiesFollow: true }, context), 'a#acme#acc');
  world.replicate(home, other);
  for (let number = 0; number < 300; number += 1) paid(await world.pay(home, `k${number}`, 1));
  world.loseHome(home);
  await world.pay(other, 'k0', 1);
  world.nowMs += 100;
  for (let number = 0; number < 300; number += 1) paid(await world.pay(other, `k${number}`, 1));
  world.lost.delete(home);
  world.replicate(home, other);
  const { kept, recomputed, payments } = (await report(other, 2))!;
  expect([recomputed, payments]).toEqual([kept, 305]);
});

test('the reconciliation names a payment of which the entry alone has arrived', async () => {
  world.replicate(home, other);
  const { paymentId } = paid(await world.pay(home, 'lost', 100));
  world.replicate(home, other, (pk) => pk === 'a#acme#acc@1');
  world.loseHome(home);
  await world.pay(other, 'next', 1);
  world.nowMs += 100;
  paid(await world.pay(other, 'next', 1));
  const { kept, recomputed, lateWrites } = (await report(other, 2))!;
  expect([kept.held - recomputed.held, lateWrites]).toEqual([100, [{ epoch: 1, key: paymentId, effect: 'hold', amount: 100 }]]);
  paid(await world.pay(other, 'lost', 100));
  expect(await report(other, 2)).toMatchObject({ kept: { held: 101 }, recomputed: { held: 101 }, lateWrites: [] });
});

test('the reconciliation counts a capture whose own item never became complete, when its entry has gone', async () => {
  const { paymentId } = paid(await world.pay(home, 'k', 85));
  await world.move(home, 'c', 'CAPTURE', paymentId, 58);
  const replica = world.replicas.get(home)!;
  const [capture] = [...replica.items.values()].filter(({ kind }) => kind === 'MOVE');
  const { outcome: _, moved: __, answer: ___, ...claim } = capture;
  replica.items.set(capture.pk, claim as typeof capture);
  world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
  const { ports, settings, context } = world.attempt(home);
  await trim(new Attempt({ ...ports, store: new EpochStore(ports.store, 1) }, { ...settings, copiesFollow: true }, context), 'a#acme#acc');
  expect([...replica.items.values()].find(({ kind }) => kind === 'ACCOUNT')).toMatchObject({ entries: {} });
  const { kept, recomputed } = (await report(home, 1))!;
  expect(recomputed).toEqual(kept);
  expect(kept).toMatchObject({ held: 0, settled: 58 });
});

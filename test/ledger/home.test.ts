import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { Payment } from '../../src/ledger/model';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { Item } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { trim } from '../../src/ledger/protocol/trim.service';

let world: TwoRegions;
beforeEach(async () => {
  world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

describe('with the home alive', () => {
  it('another region sends the whole call there and writes nothing itself', async () => {
    const before = world.replicas.get(other)!.writes;
    expect(paid(await world.pay(other, 'k'))).toMatchObject({ status: 'AUTHORISED', region: home });
    expect(world.replicas.get(other)!.writes).toBe(before);
    expect(await world.pay(home, 'k')).toMatchObject({ kind: 'answered', replayed: true });
    expect(await world.balances(home)).toEqual({ available: 900, held: 100, settled: 0, homeRegion: home });
  });

  it('the home goes on in the trace of the region that was asked', async () => {
    const trace = { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', parentId: '53995c3f42cd8ad8', sampled: true };
    await world
      .in(other)
      .authorise(
        { ...world.context(), traceId: trace.traceId, trace },
        { idempotencyKey: 'k', accountId: 'acc', amount: 1, currency: 'EUR' },
      );
    const stored = [...world.replicas.get(home)!.items.values()].find((item) => item.kind === 'PAYMENT');
    expect(stored).toMatchObject({ traceId: trace.traceId, traceParent: trace.parentId });
  });

  it('reads elsewhere lag by the replication, and say who is home', async () => {
    expect(await world.balances(other)).toMatchObject({ kind: 'rejected', code: 'unknown_account' });
    await world.pay(home, 'k');
    world.replicate(home, other);
    expect(await world.balances(other)).toEqual({ available: 900, held: 100, settled: 0, homeRegion: home });
  });

  it('is not taken over while its lease, or a request under it, may live', async () => {
    await world.pay(home, 'k');
    world.lost.add(home);
    expect(await world.pay(other, 'k2')).toMatchObject({ kind: 'unsure', code: 'home_unreachable' });
    world.nowMs += 15_000;
    // Whoever asks before that may be lucky: the way to the home may have been all that was cut.
    expect(await world.pay(other, 'k2')).toMatchObject({ kind: 'unsure', code: 'home_unreachable', retryAfterSeconds: 2 });
  });

  it('waits for an operator where the team wants one', async () => {
    world = new TwoRegions({ takeover: 'OPERATOR' });
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    world.loseHome(home);
    expect(await world.pay(other, 'k')).toMatchObject({ kind: 'unsure', code: 'home_unreachable' });
  });
});

describe('after a takeover', () => {
  it('what had replicated is there, with one answer per key', async () => {
    const first = paid(await world.pay(home, 'k'));
    const captured = paid(await world.pay(home, 'c'));
    const capture = await world.move(home, 'cc', 'CAPTURE', captured.paymentId, 60);
    world.replicate(home, other);
    world.loseHome(home);
    expect(await world.pay(other, 'k')).toEqual({ kind: 'answered', replayed: true, payment: first });
    expect(await world.move(other, 'cc', 'CAPTURE', captured.paymentId, 60)).toMatchObject({
      kind: 'answered',
      replayed: true,
      payment: (capture as { payment: Payment }).payment,
    });
    expect(await world.balances(other)).toEqual({ available: 840, held: 100, settled: 60, homeRegion: other });
    expect(paid(await world.move(other, 'v', 'VOID', first.paymentId)).status).toBe('VOIDED');
    expect(paid(await world.move(other, 'r', 'REFUND', captured.paymentId))).toMatchObject({ status: 'REFUNDED', refunded: 60 });
    expect(await world.balances(other)).toEqual({ available: 1_000, held: 0, settled: 0, homeRegion: other });
  });

  it('reading carries nothing over', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    world.replicate(home, other);
    world.loseHome(home);
    await world.pay(other, 'fresh');
    const before = world.replicas.get(other)!.writes;
    expect(await world.in(other).getPayment(world.context(), paymentId)).toMatchObject({
      kind: 'found',
      payment: { status: 'AUTHORISED' },
    });
    expect(await world.in(other).listTransactions(world.context(), { accountId: 'acc', limit: 10 })).toMatchObject({
      kind: 'found',
      items: [{}, { paymentId }],
    });
    expect(world.replicas.get(other)!.writes).toBe(before);
  });

  it('an item that arrived without its effect on the account is decided anew, once', async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    const lost = paid(await world.pay(home, 'k'));
    await world.pay(home, 'k');
    world.replicate(home, other, (pk) => pk.startsWith('k#'));
    world.loseHome(home);
    expect(paid(await world.pay(other, 'k'))).toEqual(lost);
    expect(await world.balances(other)).toEqual({ available: 800, held: 200, settled: 0, homeRegion: other });
  });

  it('a capture that arrived without its effect can be made again', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    world.replicate(home, other);
    const capture = await world.move(home, 'c', 'CAPTURE', paymentId, 60);
    world.replicate(home, other, (pk) => pk.startsWith('k#'));
    world.loseHome(home);
    await world.pay(other, 'touch');
    expect(await world.in(other).getPayment(world.context(), paymentId)).toMatchObject({ payment: { status: 'AUTHORISED', captured: 0 } });
    expect(await world.move(other, 'c', 'CAPTURE', paymentId, 60)).toMatchObject({ payment: (capture as { payment: Payment }).payment });
    expect(await world.balances(other)).toEqual({ available: 840, held: 100, settled: 60, homeRegion: other });
  });

  it('an effect that arrived without its item is kept, and refunds cannot exceed what is left', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    world.replicate(home, other);
    await world.move(home, 'c', 'CAPTURE', paymentId, 60);
    await world.move(home, 'r', 'REFUND', paymentId, 25);
    world.replicate(home, other, (pk) => pk.startsWith('a#'));
    world.loseHome(home);
    await world.pay(other, 'touch');
    expect(await world.move(other, 'r2', 'REFUND', paymentId, 36)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
    expect(paid(await world.move(other, 'r3', 'REFUND', paymentId))).toMatchObject({ status: 'REFUNDED', refunded: 60 });
    expect(await world.balances(other)).toEqual({ available: 900, held: 100, settled: 0, homeRegion: other });
  });

  it("the lost region's late writes change nothing that can be seen", async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    await world.pay(home, 'late', 300);
    world.loseHome(home);
    const { paymentId } = paid(await world.pay(other, 'k'));
    const before = await world.balances(other);
    world.replicate(home, other);
    world.replicate(other, home);
    expect(await world.balances(other)).toEqual(before);
    expect(paid(await world.pay(other, 'k')).paymentId).toBe(paymentId);
    world.lost.delete(home);
    world.nowMs += 2_000;
    expect(paid(await world.pay(home, 'after')).region).toBe(other);
    expect(await world.balances(home)).toEqual({ available: 800, held: 200, settled: 0, homeRegion: other });
  });

  it('lists a payment once that was lost with its region and made again, although the index names two places', async () => {
    const lost = paid(await world.pay(home, 'k'));
    world.replicate(home, other, (pk) => pk.startsWith('a#'));
    world.loseHome(home);
    expect(paid(await world.pay(other, 'k')).paymentId).toBe(lost.paymentId);
    world.replicate(home, other);
    const listed = await world.in(other).listTransactions(world.context(), { accountId: 'acc', limit: 10 });
    expect(listed).toMatchObject({ kind: 'found', items: [{ paymentId: lost.paymentId, type: 'AUTHORISATION', region: other }] });
  });

  it('a second takeover carries over what the first one did not touch', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    world.replicate(home, other);
    world.loseHome(home);
    await world.pay(other, 'between');
    world.replicate(other, home);
    world.lost.clear();
    world.loseHome(other);
    expect(paid(await world.move(home, 'v', 'VOID', paymentId)).status).toBe('VOIDED');
    expect(await world.balances(home)).toEqual({ available: 900, held: 100, settled: 0, homeRegion: home });
  });

  it('what a region took along stays lost, though a later epoch trims entries younger than it', async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    const lost = paid(await world.pay(home, 'lost', 300));
    await world.pay(home, 'lost', 300);
    world.loseHome(home);
    const { paymentId } = paid(await world.pay(other, 'young', 50));
    await world.move(other, 'v', 'VOID', paymentId);
    world.nowMs += bounds.trimAfterReplicatedMs + 1;
    const { ports, settings, context } = world.attempt(other);
    await trim(
      new Attempt({ ...ports, store: new EpochStore(ports.store, 2) }, { ...settings, copiesFollow: true }, context),
      'a#acme#acc',
    );
    expect(world.replicas.get(other)!.items.get('a#acme#acc@2')!.trimmedThrough).toBeGreaterThan(lost.createdAt);
    world.replicate(home, other);
    world.replicate(other, home);
    world.lost.clear();
    world.loseHome(other);
    expect(paid(await world.pay(home, 'next', 1)).status).toBe('AUTHORISED');
    expect(await world.balances(home)).toEqual({ available: 899, held: 101, settled: 0, homeRegion: home });
    expect(await world.in(home).getPayment(world.context(), lost.paymentId)).toMatchObject({ kind: 'rejected' });
  });
});

describe('the reconciliation', () => {
  const report = (region: string, epoch: number) => reconcileAccount(world.attempt(region), epoch, 'acme', 'acc');

  it('adds up to the balances, before and after a takeover', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    await world.move(home, 'c', 'CAPTURE', paymentId, 60);
    await world.pay(home, 'k2', 200);
    await world.pay(home, 'big', 9_000);
    const sums = { available: 740, held: 200, settled: 60 };
    const rest = { accountId: 'acc', payments: 3, lateWrites: [], unanswered: [] };
    expect(await report(home, 1)).toEqual({ ...rest, kept: sums, recomputed: sums });
    world.replicate(home, other);
    world.loseHome(home);
    await world.move(other, 'r', 'REFUND', paymentId, 10);
    const after = { available: 750, held: 200, settled: 50 };
    expect(await report(other, 2)).toEqual({ ...rest, kept: after, recomputed: after });
  });

  it('sees an account that does not add up', async () => {
    await world.pay(home, 'k');
    const [account] = [...world.replicas.get(home)!.items.values()].filter(({ kind }) => kind === 'ACCOUNT');
    world.replicas.get(home)!.items.set(account.pk, { ...account, held: 150, available: 850 });
    expect(await report(home, 1)).toMatchObject({ kept: { held: 150 }, recomputed: { held: 100 } });
  });

  it("finds the lost region's late writes, with both versions, and not what was made good", async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    const lost = paid(await world.pay(home, 'lost', 300));
    await world.pay(home, 'lost', 300);
    const again = paid(await world.pay(home, 'again', 50));
    world.loseHome(home);
    expect(paid(await world.pay(other, 'again', 50)).paymentId).toBe(again.paymentId);
    world.replicate(home, other);
    const { lateWrites } = (await report(other, 2))!;
    expect(lateWrites).toEqual([{ epoch: 1, key: lost.paymentId, effect: 'hold', amount: 300, before: lost }]);
  });

  it('finds an answered decline that the new epoch knows nothing of: its caller may get another answer', async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    const declined = paid(await world.pay(home, 'big', 9_000));
    world.loseHome(home);
    await world.pay(other, 'next');
    world.replicate(home, other);
    expect((await report(other, 2))!.lateWrites).toEqual([{ epoch: 1, key: declined.paymentId, effect: 'declined', before: declined }]);
    expect(paid(await world.pay(other, 'big', 9_000)).status).toBe('DECLINED');
    expect((await report(other, 2))!.lateWrites).toEqual([]);
  });

  it('finds an answered decline whose account arrived before its claim, so that its key could be taken for another request', async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    const declined = paid(await world.pay(home, 'big', 9_000));
    world.replicate(home, other, (pk) => pk.startsWith('a#'));
    world.loseHome(home);
    expect(paid(await world.pay(other, 'big', 8_000)).status).toBe('DECLINED');
    expect((await report(other, 2))!.lateWrites).toEqual([]);
    world.replicate(home, other);
    expect((await report(other, 2))!.lateWrites).toMatchObject([
      { epoch: 1, key: declined.paymentId, effect: 'declined', now: { amount: 8_000 } },
    ]);
  });

  describe('whose account arrived before its claims', () => {
    const lose = (): void => {
      world.replicate(home, other, (pk) => pk.startsWith('a#'));
      world.loseHome(home);
    };
    const addsUp = async (): Promise<void> => {
      const { kept, recomputed } = (await report(other, 2))!;
      expect(recomputed).toEqual(kept);
    };

    it.each(['hold', 'capture', 'void'])(
      'a payment of another sum cannot pass for the one that was decided (%s); the one that was, is answered',
      async (closed) => {
        await world.pay(home, 'warm');
        world.replicate(home, other);
        const { paymentId } = paid(await world.pay(home, 'k', 92));
        if (closed !== 'hold') {
          await world.move(home, 'm', closed === 'capture' ? 'CAPTURE' : 'VOID', paymentId, closed === 'capture' ? 25 : undefined);
        }
        lose();
        expect(await world.pay(other, 'k', 93)).toEqual({ kind: 'keyReused' });
        expect(paid(await world.pay(other, 'k', 92))).toMatchObject({ paymentId, amount: 92, status: 'AUTHORISED' });
        expect(await world.pay(other, 'k', 93)).toEqual({ kind: 'keyReused' });
        const status = { hold: 'AUTHORISED', capture: 'CAPTURED', void: 'VOIDED' }[closed];
        expect(await world.in(other).getPayment(world.context(), paymentId)).toMatchObject({ kind: 'found', payment: { status } });
        // The line of a capture is its own item's: it comes back with the region.
        if (closed !== 'hold') world.replicate(home, other);
        await addsUp();
      },
    );

    it('a move cannot pass for another one, nor for a payment', async () => {
      const { paymentId } = paid(await world.pay(home, 'k', 92));
      await world.pay(home, 'unused', 10);
      world.replicate(home, other);
      await world.move(home, 'c', 'CAPTURE', paymentId, 60);
      await world.move(home, 'r', 'REFUND', paymentId, 20);
      await world.pay(home, 'p', 10);
      lose();
      for (const [key, type, amount] of [
        ['c', 'CAPTURE', 61],
        ['c', 'VOID', undefined],
        ['r', 'REFUND', 21],
        ['r', 'CAPTURE', 60],
        ['p', 'CAPTURE', 10],
        ['p', 'REFUND', 10],
      ] as const) {
        expect([key, type, amount, await world.move(other, key, type, paymentId, amount)]).toEqual([
          key,
          type,
          amount,
          { kind: 'keyReused' },
        ]);
      }
      expect(await world.pay(other, 'r', 20)).toEqual({ kind: 'keyReused' });
      expect(await world.move(other, 'c', 'CAPTURE', paymentId, 60)).toMatchObject({ kind: 'answered', payment: { captured: 60 } });
      expect(await world.move(other, 'r', 'REFUND', paymentId, 20)).toMatchObject({ kind: 'answered', payment: { refunded: 20 } });
      expect(paid(await world.pay(other, 'p', 10))).toMatchObject({ status: 'AUTHORISED' });
      await addsUp();
    });
  });

  it('finds a refused refund that was refused for another reason since', async () => {
    const { paymentId } = paid(await world.pay(home, 'k', 29));
    world.replicate(home, other);
    expect(await world.move(home, 'r', 'REFUND', paymentId, 16)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    world.loseHome(home);
    await world.move(other, 'c', 'CAPTURE', paymentId, 12);
    expect(await world.move(other, 'r', 'REFUND', paymentId, 16)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
    world.replicate(home, other);
    expect((await report(other, 2))!.lateWrites).toMatchObject([{ epoch: 1, effect: 'refundRefused' }]);
  });

  it('looks through an epoch that the next one knew nothing of', async () => {
    await world.pay(home, 'warm');
    world.replicate(home, other);
    world.loseHome(home);
    const lost = paid(await world.pay(other, 'lost', 300));
    world.lost.clear();
    world.loseHome(other); // Nothing of epoch 2 has arrived when epoch 3 begins.
    await world.pay(home, 'next');
    world.replicate(other, home);
    expect((await report(home, 3))!.lateWrites).toMatchObject([{ epoch: 2, key: lost.paymentId, effect: 'hold' }]);
  });

  /** The worker of each move died before it could complete it. */
  const leaveUndone = (items: Map<string, Item>): void => {
    for (const [pk, { outcome, moved, answer, ...item }] of items) if (item.kind === 'MOVE') items.set(pk, item as Item);
  };

  it('shows a capture in the payment and in the lines, or in neither, wherever its worker died', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    const before = new Map(world.replicas.get(home)!.items);
    await world.move(home, 'c', 'CAPTURE', paymentId, 60);
    const shown = async (region: string): Promise<unknown[]> => {
      const found = await world.in(region).getPayment(world.context(), paymentId);
      const listed = await world.in(region).listTransactions(world.context(), { accountId: 'acc', limit: 10 });
      return [
        found.kind === 'found' && found.payment.captured,
        'items' in listed && listed.items.filter(({ type }) => type === 'CAPTURE').map(({ amount }) => amount),
      ];
    };
    const items = world.replicas.get(home)!.items;
    leaveUndone(items);
    expect(await shown(home)).toEqual([60, [60]]);
    for (const [pk, item] of before) if (item.kind === 'PAYMENT') items.set(pk, item);
    expect(await shown(home)).toEqual([0, []]);
    // The next home goes by the account, which has decided it.
    world.replicate(home, other);
    world.loseHome(home);
    await world.pay(other, 'next');
    expect(await shown(other)).toEqual([60, [60]]);
  });

  it('adds up while a capture that the account has decided waits for its completion', async () => {
    const { paymentId } = paid(await world.pay(home, 'k'));
    const items = world.replicas.get(home)!.items;
    const before = new Map(items);
    await world.move(home, 'c', 'CAPTURE', paymentId, 60);
    leaveUndone(items);
    for (const [pk, item] of before) if (item.kind === 'PAYMENT') items.set(pk, item);
    const sums = { available: 940, held: 0, settled: 60 };
    expect(await report(home, 1)).toMatchObject({ kept: sums, recomputed: sums });
  });
});

describe('the items of two epochs', () => {
  it('do not share a key', async () => {
    await world.pay(home, 'k');
    world.replicate(home, other);
    world.loseHome(home);
    await world.pay(other, 'k');
    const keys = [...world.replicas.get(other)!.items.values()].map((item: Item) => item.pk).filter((pk) => pk.startsWith('a#'));
    expect(keys.sort()).toEqual(['a#acme#acc@1', 'a#acme#acc@2']);
  });
});

import { paid } from './paid';
import { home, TwoRegions } from './two-regions';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { trim } from '../../src/ledger/protocol/trim.service';

test('an entry stays until the completion that a look after the account made has replicated', async () => {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const { paymentId } = paid(await world.pay(home, 'big', 9_000));
  const key = [...world.replicas.get(home)!.items.values()].find(({ outcome, kind }) => kind === 'PAYMENT' && outcome === undefined)!.pk;
  const entries = (): readonly string[] => Object.keys(world.replicas.get(home)!.items.get('a#acme#acc@1')!.entries as object);
  expect(entries()).toHaveLength(1);
  const look = async (): Promise<void> => {
    world.nowMs += bounds.trimAfterReplicatedMs + 1;
    const { ports, settings, context } = world.attempt(home);
    await trim(
      new Attempt({ ...ports, store: new EpochStore(ports.store, 1) }, { ...settings, copiesFollow: true }, context),
      'a#acme#acc',
    );
  };
  await look();
  expect([world.replicas.get(home)!.items.get(key)!.outcome, entries().length, paymentId]).toEqual(['DECLINED', 1, expect.any(String)]);
  await look();
  expect(entries()).toEqual([]);
});

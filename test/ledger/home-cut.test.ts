import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { HomeLedger } from '../../src/ledger/homes/home.service';
import { StoreFault } from '../../src/ledger/ports';

let world: TwoRegions;
beforeEach(async () => {
  world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

test('a home that cannot read the authority says so to its sender, who takes over when its lease is over', async () => {
  await world.pay(home, 'before');
  const fails = (): Promise<never> => Promise.reject(new StoreFault('unknown', 'refused'));
  const cut = Object.assign(Object.create(world.authority) as typeof world.authority, { read: fails, change: fails, create: fails });
  const { ports } = world.attempt(home);
  const lone = new HomeLedger(
    { ...ports, authority: cut, forward: () => Promise.reject(new Error('none')) },
    { region: home },
    world.settings,
  );
  world.in(home).receive = (call) => lone.receive(call);
  world.replicate(home, other);
  expect(await world.pay(other, 'during')).toMatchObject({ kind: 'unsure', code: 'home_unreachable' });
  world.nowMs += world.settings.leaseMs + world.settings.clockMarginMs;
  paid(await world.pay(other, 'during'));
  expect(await world.balances(other)).toMatchObject({ homeRegion: other });
});

import { episodes, planFaults, requestFaults } from './faults';
import { Outcome } from './history';
import { LoadWatch } from './load-watch';
import { regions } from './run';
import { shipped } from './subject';
import { AccountPlan, LoadPlan } from './workload';
import { World } from './world';

const account: AccountPlan = { tenant: 'acme', accountId: 'hot', balance: 1_000, small: false };
const load: LoadPlan = {
  account,
  perSecond: 5,
  from: 20_000,
  to: 60_000,
  closedAfterMs: 0,
  distance: 1,
  boundsAsShipped: true,
  firstNumber: 0,
};
const faultsEndMs = 30_000;
const calls = 100;
const unsure: Outcome = { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 };

/** What is found wrong where some of the calls were sent at this time, and each of these is "not sure" in the end. */
function judged(unsureCalls: number, sentMs: number): readonly string[] {
  const without = new Set<string>([...requestFaults, ...episodes, 'skew']);
  const plan = planFaults({ seed: 1, regions, without, busy: [], clocksKept: true, lengthsMs: [] });
  const world = new World({ seed: 1, regions, plan, subject: shipped, table: 'STRONG', faultsEndMs, decides: false });
  for (let call = 0; call < calls; call += 1) {
    const isUnsure = call < unsureCalls;
    const { answers } = world.history.add({
      plan: call,
      tenant: 'acme',
      accountId: 'hot',
      operation: { kind: 'readAccount', accountId: 'hot' },
    });
    answers.push({
      sentStep: 2 * call,
      step: 2 * call + 1,
      sentMs: isUnsure ? sentMs : 45_000,
      atMs: 50_000,
      region: regions[call % 2],
      outcome: isUnsure ? unsure : { kind: 'rejected', code: 'unknown_account', detail: 'none' },
    });
  }
  return new LoadWatch(world, load, faultsEndMs).violations().map(({ invariant }) => invariant);
}

// A function may stand still for a minute. It goes on when its call's deadline is long past.
it('asks nothing of a call that was sent among the faults and answered in calm', () => {
  expect(judged(20, 29_000)).toEqual([]);
});

it('lets one of twenty calls that were sent in calm be "not sure"', () => {
  expect(judged(5, 41_000)).toEqual([]);
  expect(judged(6, 41_000)).toEqual(['most calls are answered']);
});

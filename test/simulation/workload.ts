import { MoveType } from '../../src/ledger/model';
import { Chance } from '../../tools/memory/chance';

export interface AccountPlan {
  readonly tenant: string;
  readonly accountId: string;
  readonly balance: number;
  /** Few enough operations for an exact check of their order. */
  readonly small: boolean;
}

export interface MovePlan {
  readonly type: MoveType;
  readonly amount?: number;
  /** After the payment was answered. */
  readonly afterMs: number;
  /** Sent with the payment's own key: a misuse that must be refused. */
  readonly reusesKey: boolean;
}

export interface PaymentPlan {
  readonly number: number;
  /** Unique within its tenant; the other tenant uses the same ones. */
  readonly key: string;
  readonly account: AccountPlan;
  readonly amount: number;
  readonly atMs: number;
  readonly moves: readonly MovePlan[];
  /** Another request with the same key and another amount, so much later. */
  readonly twinAfterMs?: number;
  readonly readAfterMs: readonly number[];
  /** Somebody asks for it while it may still be in flight. */
  readonly earlyReadAfterMs?: number;
}

export interface Workload {
  readonly accounts: readonly AccountPlan[];
  readonly payments: readonly PaymentPlan[];
  /** When readers look at accounts. */
  readonly looks: readonly { readonly account: AccountPlan; readonly atMs: number }[];
  /** When much goes on. */
  readonly busy: readonly (readonly [number, number])[];
  /** In some seeds one hot account gets payments at a steady rate, for a while. */
  readonly load?: LoadPlan;
}

/** Payments at a steady rate, whatever becomes of those before: many calls at once on one account. */
export interface LoadPlan {
  readonly account: AccountPlan;
  readonly perSecond: number;
  readonly from: number;
  readonly to: number;
  /** From a payment's answer to its capture or void, about. */
  readonly closedAfterMs: number;
  /** How many times as far apart as usual the regions are. */
  readonly distance: number;
  /** Whether the ledger looks after accounts as seldom as it is shipped; otherwise by the seed's own bounds. */
  readonly boundsAsShipped: boolean;
  /** Of its payments, which come after those of the waves. */
  readonly firstNumber: number;
}

export interface WorkloadOptions {
  /** @default short ones */
  readonly wavesMs?: readonly number[];
  /** Faults left out: an open load is one of them. */
  readonly without?: ReadonlySet<string>;
}

const paymentsPerSmallAccount = 3;
const tenants = ['acme', 'bolt'];
const shortWavesMs = [1_500, 6_000, 20_000];
/** Long enough for a lease to end and a home to be replaced in the middle. */
export const longWavesMs = [20_000, 90_000, 180_000];
const gaps = [4_000, 70_000, 20 * 60_000, 3 * 86_400_000];

/** Payments of one seed: two busy accounts, many small ones, in waves with minutes or days between them; in some seeds an open load. */
export function planWorkload(seed: number, payments: number, { wavesMs = shortWavesMs, without }: WorkloadOptions = {}): Workload {
  const chance = new Chance(seed, 'workload');
  const hotShare = chance.pick([0.3, 0.5, 0.7]);
  const smallCount = Math.max(1, Math.round((payments * (1 - hotShare)) / paymentsPerSmallAccount));
  const accounts: AccountPlan[] = [];
  const funds = Math.round(payments * hotShare * 50);
  for (const tenant of tenants) {
    accounts.push({ tenant, accountId: 'hot', balance: Math.round(funds * chance.pick([0.3, 0.5, 2])), small: false });
  }
  for (let number = 0; number < smallCount; number += 1) {
    // Account names recur from tenant to tenant.
    accounts.push({
      tenant: tenants[number % 2],
      accountId: `shop-${Math.floor(number / 2)}`,
      balance: 60 + chance.below(240),
      small: true,
    });
  }
  const busy: [number, number][] = [];
  let start = 20_000;
  for (let wave = 0; wave < 3; wave += 1) {
    const length = chance.pick(wavesMs);
    busy.push([start, start + length]);
    start += length + chance.pick(gaps);
  }
  const load = without?.has('openLoad') ? undefined : planLoad(seed, payments, accounts, busy, wavesMs === longWavesMs ? 200_000 : 20_000);
  // Its money comes on top, so that the waves have theirs.
  if (load) accounts[accounts.findIndex(({ tenant, accountId }) => tenant === load.account.tenant && accountId === 'hot')] = load.account;
  const used: Record<string, number> = {};
  const planned = Array.from({ length: payments }, (_, number): PaymentPlan => {
    const plan = planPayment(seed, number, accounts, hotShare, busy);
    used[plan.account.tenant] = (used[plan.account.tenant] ?? 0) + 1;
    return { ...plan, key: `k${used[plan.account.tenant]}` };
  });
  const looks = accounts
    .filter(({ small }) => small)
    .flatMap((account) =>
      Array.from({ length: 1 + chance.below(2) }, () => {
        const [from, to] = chance.pick(busy);
        return { account, atMs: chance.between(from, to) };
      }),
    );
  if (!load) return { accounts, payments: planned, looks, busy };
  const loaded = Array.from({ length: payments }, (_, place) => planLoadPayment(seed, payments + place, load));
  return { accounts, payments: [...planned, ...loaded], looks, busy, load };
}

const loadShare = 1 / 8;

/** As many payments as the waves have, in the first of them, in the last or after it: among faults, or when these are over. */
function planLoad(
  seed: number,
  payments: number,
  accounts: readonly AccountPlan[],
  busy: Workload['busy'],
  restMs: number,
): LoadPlan | undefined {
  const chance = new Chance(seed, 'open load');
  if (!chance.happens(loadShare)) return undefined;
  const { balance, ...account } = accounts[chance.below(tenants.length)];
  const funds = Math.round(payments * 50 * chance.pick([0.5, 1, 3]));
  const perSecond = chance.pick([5, 10, 15, 20, 30, 60]);
  const last = busy[busy.length - 1];
  const from = Math.round(chance.pick([busy[0][0], last[0], last[1] + restMs, last[1] + restMs]));
  return {
    account: { ...account, balance: balance + funds },
    perSecond,
    from,
    to: from + (payments * 1_000) / perSecond,
    closedAfterMs: chance.pick([0, 300, 1_500, 4_000]),
    distance: chance.pick([1, 2, 3]),
    boundsAsShipped: chance.happens(0.7),
    firstNumber: payments,
  };
}

function planLoadPayment(seed: number, number: number, { account, closedAfterMs, firstNumber, from, perSecond }: LoadPlan): PaymentPlan {
  const chance = new Chance(seed, `payment ${number}`);
  const amount = 1 + chance.below(100);
  const afterMs = closedAfterMs * chance.between(0.8, 1.2);
  const close: MovePlan = { type: chance.happens(0.8) ? 'CAPTURE' : 'VOID', afterMs, reusesKey: false };
  const refund: MovePlan = {
    type: 'REFUND',
    amount: 1 + chance.below(amount),
    afterMs: afterMs + chance.between(0, 1_500),
    reusesKey: false,
  };
  return {
    number,
    key: `load${number}`,
    account,
    amount,
    atMs: Math.round(from + ((number - firstNumber + chance.next()) * 1_000) / perSecond),
    moves: [...(chance.happens(0.95) ? [close] : []), ...(chance.happens(0.1) ? [refund] : [])],
    readAfterMs: chance.happens(0.05) ? [chance.between(0, 2_000)] : [],
  };
}

/** Each payment has its own stream of chance: leaving others out does not change it. */
function planPayment(
  seed: number,
  number: number,
  accounts: readonly AccountPlan[],
  hotShare: number,
  busy: Workload['busy'],
): Omit<PaymentPlan, 'key'> {
  const chance = new Chance(seed, `payment ${number}`);
  const hot = number % 100 < hotShare * 100;
  const smallCount = accounts.length - tenants.length;
  const account = hot ? accounts[chance.below(tenants.length)] : accounts[tenants.length + chance.below(smallCount)];
  // The payments of a small account meet in one wave, or they would never be at odds.
  const wave = account.small && chance.happens(0.8) ? busy[accounts.indexOf(account) % busy.length] : chance.pick(busy);
  const amount = 1 + chance.below(100);
  const count = chance.pick([0, 1, 1, 2, 3]);
  const moves = Array.from({ length: count }, (): MovePlan => {
    const type = chance.pick<MoveType>(['CAPTURE', 'CAPTURE', 'CAPTURE', 'VOID', 'REFUND', 'REFUND', 'REFUND']);
    const whole = type === 'VOID' || chance.happens(0.4);
    return {
      type,
      ...(whole ? {} : { amount: 1 + chance.below(Math.ceil(amount * 1.1)) }),
      afterMs: chance.pick([0, 30, 300, 3_000, 17 * 60_000]) * chance.between(0.5, 1.5),
      reusesKey: chance.happens(0.02),
    };
  });
  return {
    number,
    account,
    amount,
    atMs: Math.round(chance.between(wave[0], account.small && chance.happens(0.5) ? wave[0] + 300 : wave[1])),
    moves,
    ...(chance.happens(0.03) ? { twinAfterMs: chance.between(0, 400) } : {}),
    readAfterMs: chance.happens(0.2) ? [chance.between(0, 2_000)] : [],
    ...(chance.happens(0.15) ? { earlyReadAfterMs: chance.between(0, 150) } : {}),
  };
}

/**
 * The account that a payment's twin is for: half of them have another one of the tenant, where there is one. Then a claim and the hold that
 * was sent beside another one stand on two accounts.
 */
export function accountOfTwin({ account, number }: PaymentPlan, opened: ReadonlySet<AccountPlan>): AccountPlan {
  const others = [...opened].filter((one) => one.tenant === account.tenant && one !== account);
  return number % 2 === 0 ? account : (others[number % others.length] ?? account);
}

import { leftAt } from './drain.domain';
import { holdsWithin, sameAnswer } from './figures.domain';
import { audit, openAccount, remember } from './ledger-view.service';
import type { ApiAnswer, ScenarioSetting, SeenCall } from './model';
import { causeOf, namedCauseOf } from '../kernel/cause';

/** The switch that takes a region out of service, in the ledger's own table. */
export interface DrainSwitch {
  /** Names where it is kept, for people. */
  readonly place: string;
  /** For so long at most: then the region comes back by itself. False: somebody else has drained it, and nothing was changed. */
  drain(region: string, longestMs: number): Promise<boolean>;
  /** Takes away the run's own mark alone: what somebody else has switched meanwhile stays. */
  putBack(region: string): Promise<void>;
  /** What a person types to put the region back. */
  byHand(region: string): string;
}

export interface DrainPlan {
  readonly region: string;
  /** Callers have to be elsewhere within it. */
  readonly budgetSeconds: number;
  readonly drainSwitch: DrainSwitch;
  /** Asks for the last time; false: nothing is done. */
  confirm(question: string): Promise<boolean>;
  /** Where the client stands, for a name that is not resolved by the internet. */
  headers(caller: number): Readonly<Record<string, string>>;
  /** Not ended with the run: what puts the region back waits with it. */
  sleep(ms: number): Promise<void>;
  nowMs(): number;
  /** Whether the run was ended meanwhile. */
  ended(): boolean;
}

export interface DrainFinding {
  readonly drainedAtMs: number;
  readonly recoverySeconds?: number;
  readonly putBackAtMs?: number;
  readonly calls: readonly SeenCall[];
}

const callers = 4;
/** Callers are seen for so long before the region is drained. */
const beforeMs = 5_000;
/** Between two calls of one caller. */
const pauseMs = 250;
const putBackTries = 20;
const putBackPauseMs = 3_000;
/** The health check and the resolvers take the region back within it. */
const returnMs = 90_000;

/** Callers are waited for so long. */
const patienceMs = (budgetSeconds: number): number => budgetSeconds * 2_000 + returnMs / 3;
/** The time until the last try to put it back. One that is not drained any more by then would spoil the trial, so a minute more. */
const longestMs = (budgetSeconds: number): number => patienceMs(budgetSeconds) + putBackTries * putBackPauseMs + 60_000;

/** The holds stay: so many payments lie on one account, then another one takes the next. */
const paymentsPerAccount = 500;

interface PaidOnce {
  readonly accountId: string;
  readonly key: string;
  readonly amount: number;
  readonly answer: ApiAnswer;
}

/** Takes a region out of service under load, sees when callers are elsewhere, and puts it back whatever happens. */
export class DrainTrial {
  private readonly calls: SeenCall[] = [];
  private readonly paid: PaidOnce[] = [];
  private readonly failures: string[] = [];
  private running = true;
  /** The last one takes payments. */
  private readonly accounts: string[] = [];
  private openedAfter = 0;

  constructor(
    private readonly setting: ScenarioSetting,
    private readonly plan: DrainPlan,
  ) {}

  /** Undefined when the region was not drained. */
  public async run(): Promise<DrainFinding | undefined> {
    const { figures } = this.setting;
    const { region, drainSwitch } = this.plan;
    figures.heading(`${region} is drained under load, and put back`);
    if (!(await this.mayBegin())) return undefined;
    await this.openNext();
    const load = Promise.all(Array.from({ length: callers }, (_, caller) => this.callOnAndOn(caller)));
    try {
      await this.setting.client.sleep(beforeMs);
      if (!this.calls.some((call) => call.region === region)) {
        const seen = [...new Set(this.calls.flatMap((call) => call.region ?? []))].join(', ') || 'no region';
        figures.check('the public name leads here to the region', false, `${seen} answered`, `drain it from where ${region} is nearer`);
        return undefined;
      }
      const question = `${region} will be taken out of service (${drainSwitch.place}) and put back. Type its name to go on: `;
      if (!(await this.plan.confirm(question))) {
        figures.check('the drain is confirmed', false, 'no', 'nothing was drained; give --yes, or type the name of the region');
        return undefined;
      }
      return await this.trial();
    } finally {
      this.running = false;
      await load.catch(() => undefined);
      await this.conclude();
    }
  }

  private async openNext(): Promise<void> {
    this.openedAfter = this.calls.length;
    this.accounts.push(await openAccount(this.setting, `drain-${this.accounts.length}`, 50_000_000));
  }

  /** While a new account cannot be opened, as in a region that is lost just now, the last one serves on. */
  private async account(): Promise<string> {
    if (this.calls.length - this.openedAfter >= paymentsPerAccount) await this.openNext().catch(() => undefined);
    return this.accounts.at(-1)!;
  }

  /** With every region drained nothing would move. */
  private async mayBegin(): Promise<boolean> {
    const { client, figures, regions } = this.setting;
    const states = await Promise.all(
      regions.map(async (region) => {
        const { body } = await client.once({ path: '/health', region });
        return `${region} ${body.status ?? 'unknown'}`;
      }),
    );
    const healthy = states.every((state) => state.endsWith(' healthy'));
    figures.check('every region is healthy before', healthy, states.join(', '), healthy ? '' : 'nothing was drained');
    return healthy;
  }

  private async trial(): Promise<DrainFinding | undefined> {
    const { figures } = this.setting;
    const { region, drainSwitch, budgetSeconds, nowMs } = this.plan;
    const drainedAtMs = nowMs();
    let putBackAtMs: number | undefined;
    let recoverySeconds: number | undefined;
    let foreign = false;
    try {
      if (!(await drainSwitch.drain(region, longestMs(budgetSeconds)))) {
        foreign = true;
        figures.check('the region is in service before', false, 'another person has drained it', 'it was left as it is');
        return undefined;
      }
      recoverySeconds = await this.recovery(drainedAtMs);
      figures.check(
        'recovery time seen through the public name',
        recoverySeconds !== undefined && recoverySeconds <= budgetSeconds,
        recoverySeconds === undefined ? `callers were still led to ${region}` : `${recoverySeconds.toFixed(1)} s`,
        `budget ${budgetSeconds} s`,
      );
    } finally {
      // Also after a switch without an answer: it may have been made.
      if (!foreign) putBackAtMs = await this.putBack();
    }
    if (putBackAtMs !== undefined) await this.comeBack(putBackAtMs);
    return { drainedAtMs, recoverySeconds, putBackAtMs, calls: this.calls };
  }

  private async recovery(sinceMs: number): Promise<number | undefined> {
    const { client } = this.setting;
    const { region, budgetSeconds, nowMs } = this.plan;
    const deadlineMs = sinceMs + patienceMs(budgetSeconds);
    while (nowMs() < deadlineMs) {
      const left = leftAt(this.calls, region, callers, sinceMs, nowMs());
      if (left !== undefined) return (left - sinceMs) / 1000;
      await client.sleep(200);
    }
    return undefined;
  }

  /** Tries on and on, also after the run was ended: a region must not stay drained for a test. */
  private async putBack(): Promise<number | undefined> {
    const { figures } = this.setting;
    const { region, drainSwitch, sleep, nowMs } = this.plan;
    let why = '';
    for (let tried = 0; tried < putBackTries; tried += 1) {
      if (tried > 0) await sleep(putBackPauseMs);
      try {
        await drainSwitch.putBack(region);
        figures.check(`${region} is put back`, true, tried === 0 ? 'at once' : `after ${tried + 1} tries`);
        return nowMs();
      } catch (error) {
        why = namedCauseOf(error);
      }
    }
    figures.check(`${region} is put back`, false, why, `IT IS STILL OUT OF SERVICE; run: ${drainSwitch.byHand(region)}`);
    return undefined;
  }

  private async comeBack(sinceMs: number): Promise<void> {
    const { client, figures } = this.setting;
    const { region, nowMs } = this.plan;
    if (this.plan.ended()) return;
    const seconds = (): string => `${((nowMs() - sinceMs) / 1000).toFixed(1)} s`;
    const healthy = await holdsWithin(
      client,
      returnMs,
      async () => (await client.once({ path: '/health', region })).body.status === 'healthy',
    );
    figures.check(`${region} is healthy again`, healthy, seconds());
    const back = await holdsWithin(client, returnMs, async () =>
      this.calls.some((call) => call.region === region && call.beganMs > sinceMs),
    );
    figures.check(`the public name leads to ${region} again`, back, seconds());
  }

  /** One caller, until it is told to end. */
  private async callOnAndOn(caller: number): Promise<void> {
    const { client, run } = this.setting;
    const headers = this.plan.headers(caller);
    for (let count = 0; this.running && count < 1_000_000; count += 1) {
      const key = `${run}-drain-${caller}-${count}`;
      const amount = 100 + (count % 1000);
      const accountId = await this.account();
      const call = { path: '/api/v1/payments', body: { accountId, amount, currency: 'USD' }, key, headers };
      const beganMs = this.plan.nowMs();
      const first = await client.once(call).catch(() => undefined);
      const answered = first?.status === 201;
      this.calls.push({ caller, beganMs, endedMs: this.plan.nowMs(), region: first && servedBy(first), answered });
      try {
        const answer = answered ? first : await client.call(call, 90_000);
        if (answer.status === 201) this.paid.push({ accountId, key, amount, answer });
        else this.failures.push(`${answer.status} ${answer.text.slice(0, 100)}`);
      } catch (error) {
        if (this.plan.ended()) return;
        this.failures.push(causeOf(error));
      }
      await client.sleep(pauseMs).catch(() => undefined);
      if (this.plan.ended()) return;
    }
  }

  /** Nothing that was accepted meanwhile is lost, and nothing is there twice. */
  private async conclude(): Promise<void> {
    const { client, figures, regions, accounts } = this.setting;
    if (this.plan.ended() || this.paid.length === 0) return;
    for (const { answer } of this.paid) remember(this.setting, answer);
    figures.check('no caller was left without an answer', this.failures.length === 0, `${this.failures.length} failed`, this.failures[0]);
    const opened = new Map(this.accounts.map((account) => [account, accounts.get(account) ?? 0]));
    const { wrong, lines, mostDebits } = await audit(client, opened, regions);
    const debited = new Map(lines.map((line) => [line.paymentId, line.amount]));
    const lost = this.paid.filter(({ answer, amount }) => debited.get(answer.body.paymentId ?? '') !== amount).length;
    figures.check('payments lost in the drain', lost === 0, lost, `of ${this.paid.length}`);
    const unasked = lines.length - this.paid.length;
    figures.check(
      'debit count per key in the drain',
      mostDebits === 1 && unasked === 0,
      `max ${mostDebits}`,
      unasked === 0 ? '' : `${unasked} lines more than payments`,
    );
    figures.check('balances after the drain, in each region', wrong.length === 0, `${wrong.length} wrong`, wrong[0]);
    const sample = this.paid.slice(-10);
    const { region } = this.plan;
    const replays = await Promise.all(
      sample.map(({ accountId, key, amount }) =>
        client.call({ path: '/api/v1/payments', body: { accountId, amount, currency: 'USD' }, key, region }),
      ),
    );
    const same = replays.filter((replay, index) => sameAnswer(replay, sample[index].answer)).length;
    figures.check(`${region} replays the same answers`, same === sample.length, `${same} of ${sample.length}`);
  }
}

function servedBy({ headers }: ApiAnswer): string | undefined {
  const region = headers['x-served-by-region'];
  return typeof region === 'string' ? region : undefined;
}

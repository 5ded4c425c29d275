import { causeOf } from '../../kernel/cause';
import { audit, openAccount } from '../../scenario/ledger-view.service';
import { ApiAnswer, PaymentsCaller, SeenCall } from '../../scenario/model';
import { drillKeys, drillLimits, DrillPlan } from '../contract';
import { runId } from '../domain';
import { ProbeAudit, ProbedCalls } from '../model';
import { DrillStore } from '../ports';

export interface ProberPorts {
  /** A caller who stands in a region, and resolves the public name for himself. */
  readonly callerIn: (region: string, name: string) => PaymentsCaller;
  /** How long resolvers keep the public name's answer; undefined where that is not known. */
  readonly ttlSeconds: () => number | undefined;
  readonly store: DrillStore;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** One run of the prober. */
export interface ProbeRequest {
  /** ARN of the drill's execution. */
  readonly run: string;
  /** Region that the prober itself is in. */
  readonly region: string;
  /** It ends by then, whatever became of the drill. */
  readonly deadlineMs: number;
  /** Tells this invocation from every other one. */
  readonly invocation: string;
}

interface ProbedPayment {
  readonly amount: number;
  readonly paymentId: string;
}

const currency = 'USD';
const funds = 50_000_000;

/** Sends payments through the public name until a drill is over, and then says what became of them. */
export class Prober {
  private readonly calls: SeenCall[] = [];
  private readonly paid: ProbedPayment[] = [];
  private readonly failed: string[] = [];
  private readonly beganMs: number;
  private readonly id: string;
  private account = '';
  private over = false;

  constructor(
    private readonly plan: DrillPlan,
    private readonly ports: ProberPorts,
    private readonly request: ProbeRequest,
  ) {
    this.beganMs = ports.nowMs();
    this.id = runId(request.run);
  }

  /** Undefined where another invocation pays for the run: the step that starts a prober may start it twice. */
  public async run(): Promise<ProbeAudit | undefined> {
    const { plan, ports, request } = this;
    const { invocation } = request;
    if (!(await ports.store.claim(drillKeys.prober(this.id), JSON.stringify({ invocation, at: this.beganMs })))) return undefined;
    const accounts = new Map<string, number>();
    this.account = await openAccount(
      { client: ports.callerIn(request.region, 'opening'), run: `drill-${this.id}`, accounts },
      'probe',
      funds,
    );
    const callers = Array.from({ length: drillLimits.callers }, (_, at) =>
      this.callOnAndOn(at, at % 2 === 0 ? plan.drilled : request.region),
    );
    try {
      await this.untilEnd();
    } finally {
      this.over = true;
      await Promise.all(callers);
      await this.write();
    }
    const sums = await this.audited(accounts);
    await ports.store.write(drillKeys.audit(this.id), JSON.stringify(sums));
    return sums;
  }

  private async untilEnd(): Promise<void> {
    const { store, nowMs, sleep } = this.ports;
    const { deadlineMs } = this.request;
    while (nowMs() < deadlineMs) {
      await this.write();
      if ((await store.read(drillKeys.end(this.id))) !== undefined) return;
      await sleep(drillLimits.writeMs);
    }
  }

  private async write(): Promise<void> {
    const ttlSeconds = this.ports.ttlSeconds();
    const seen: ProbedCalls = {
      account: this.account,
      beganMs: this.beganMs,
      writtenMs: this.ports.nowMs(),
      calls: this.calls,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    };
    await this.ports.store.write(drillKeys.calls(this.id), JSON.stringify(seen));
  }

  /** One caller: each call with a key of its own, asked again until its answer is final. */
  private async callOnAndOn(caller: number, region: string): Promise<void> {
    const { callerIn, nowMs, sleep } = this.ports;
    const { deadlineMs } = this.request;
    const client = callerIn(region, `${this.id}-${caller}`);
    for (let count = 0; !this.over && nowMs() < deadlineMs; count += 1) {
      const amount = 100 + (count % 1000);
      const call = {
        path: '/api/v1/payments',
        body: { accountId: this.account, amount, currency },
        key: `drill-${this.id}-${caller}-${count}`,
      };
      const beganMs = nowMs();
      const first = await client.once(call).catch(() => undefined);
      const answered = first?.status === 201;
      this.calls.push({ caller, beganMs, endedMs: nowMs(), region: first && servedBy(first), answered });
      try {
        this.note(answered ? first : await client.call(call, 90_000), amount);
      } catch (error) {
        this.failed.push(causeOf(error));
      }
      await sleep(drillLimits.callerPauseMs);
    }
  }

  private note({ status, body, text }: ApiAnswer, amount: number): void {
    if (status === 201 && body.status === 'AUTHORISED' && body.paymentId !== undefined) {
      this.paid.push({ amount, paymentId: body.paymentId });
    } else {
      this.failed.push(`${status} ${text.slice(0, 100)}`);
    }
  }

  /** Every accepted payment has one debit of its amount, in each region's eyes. */
  private async audited(accounts: ReadonlyMap<string, number>): Promise<ProbeAudit> {
    const { plan, ports, request } = this;
    const near = new Map(plan.regions.map((region) => [region, ports.callerIn(region, `${this.id}-audit-${region}`)]));
    const client = {
      nowMs: ports.nowMs,
      sleep: ports.sleep,
      call: (call: Parameters<PaymentsCaller['call']>[0]) => near.get(call.region ?? request.region)!.call({ ...call, region: undefined }),
    };
    const { lines, wrong } = await audit(client, accounts, plan.regions);
    const debits = lines.filter(({ type }) => type === 'AUTHORISATION');
    const debited = new Map(debits.map((line) => [line.paymentId, line.amount]));
    const lost = this.paid.filter(({ paymentId, amount }) => debited.get(paymentId) !== amount).length;
    // A call without a final answer may have been debited: only what is beyond that was asked for by nobody.
    const duplicates = Math.max(debits.length - debited.size, debits.length - this.paid.length - this.failed.length, 0);
    const sentAgain = this.calls.filter(({ answered }) => !answered).length;
    return { paid: this.paid.length, sentAgain, failed: this.failed, lost, duplicates, wrong };
  }
}

function servedBy({ headers }: ApiAnswer): string | undefined {
  const region = headers['x-served-by-region'];
  return typeof region === 'string' ? region : undefined;
}

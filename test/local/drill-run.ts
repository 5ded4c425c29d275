import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../local/callers/client';
import type { DrillView } from '../../local/drill/calls';
import type { AlarmStatus } from '../../local/ground/model';
import { startLocalRun, type LocalRun } from '../../local/run';
import type { SeenCall } from '../../src/scenario/model';
import { turns } from '../turns';

export const [drilled, other] = ['us-east-1', 'us-west-2'];
const zone = '/2013-04-01/hostedzone/Z0123456789EXAMPLE00/rrset';
const lookMs = 250;

/** A payment that the test's own callers were told of. */
export interface OwnPayment {
  readonly paymentId: string;
  readonly amount: number;
}

/** A run of an app with a drill, and what tests ask of it again and again. */
export class DrillRun {
  static async open(kind: 'drain' | 'fault' = 'drain'): Promise<DrillRun> {
    const appDirectory = path.join(__dirname, 'apps/short-drill');
    return new DrillRun(await startLocalRun({ port: 0, smoke: false, appDirectory, context: { kind } }, () => {}));
  }

  public readonly client: Client;

  private constructor(public readonly run: LocalRun) {
    this.client = new Client(run.url, '');
  }

  public async start(kind?: 'fault'): Promise<string> {
    const { text: token } = await this.client.once({ path: '/_local/token?approver=ada@example.com' });
    const { status, body, text } = await this.client.once({
      path: '/_local/drills',
      body: { region: drilled, ...(kind === undefined ? {} : { kind }) },
      token,
    });
    if (status !== 202) throw new Error(`the drill was not started: ${status} ${text}`);
    return body.id as string;
  }

  public async view(id: string): Promise<DrillView> {
    const { body } = await this.client.once({ path: '/_local/drills' });
    return (body as DrillView[]).find((one) => one.id === id)!;
  }

  public async ended(id: string): Promise<DrillView> {
    const turn = turns('the drill', 1_600);
    for (;;) {
      const view = await this.view(id);
      if (view.state !== 'RUNNING') return view;
      turn();
      await sleep(lookMs);
    }
  }

  /** Waits until the machine of a drill is at a step. */
  public async at(id: string, step: string): Promise<string> {
    const turn = turns(`the step ${step}`, 600);
    for (;;) {
      const execution = this.run.cutover!.executions().find(({ arn }) => arn.endsWith(`:${id}`))!;
      if (execution.state?.startsWith(step)) return execution.arn;
      if (execution.status !== 'RUNNING') throw new Error(`the drill ended ${execution.status}, and not at ${step}: ${execution.cause}`);
      turn();
      await sleep(lookMs);
    }
  }

  /** Waits until the drilled region says that it is, or is not, in service. */
  public async inService(isInService: boolean): Promise<void> {
    const turn = turns(`in service ${isInService}`, 240);
    while (((await this.client.once({ path: '/health', region: drilled })).status === 200) !== isInService) {
      turn();
      await sleep(lookMs);
    }
  }

  /** A drill begins only when no alarm is raised, and callers are led to the region. */
  public async calm(): Promise<void> {
    const turn = turns('quiet alarms', 480);
    for (let quiet = 0; quiet < 24;) {
      const { alarms } = (await this.client.once({ path: '/_local/status' })).body as { alarms: readonly AlarmStatus[] };
      quiet = alarms.some(({ state }) => state === 'ALARM') ? 0 : quiet + 1;
      turn();
      await sleep(lookMs);
    }
  }

  /** A run that has just begun has heard of no peer yet: alarms on silent ones then rise without a fault. */
  public async heard(): Promise<void> {
    const turn = turns('probes of each peer', 480);
    for (;;) {
      const { alarms } = (await this.client.once({ path: '/_local/status' })).body as { alarms: readonly AlarmStatus[] };
      const onSilence = alarms.filter(({ description }) => description?.endsWith('#peer-silent'));
      if (onSilence.length > 0 && onSilence.every(({ state }) => state === 'OK')) return;
      turn();
      await sleep(lookMs);
    }
  }

  /** What was told about a drill, by its run. */
  public told(): readonly string[] {
    return this.run.cutover!.mail().map(({ subject }) => subject);
  }

  /** Changes for how long resolvers keep the public name's answer, as an operator's mistake would. */
  public async keepAnswers(seconds: number): Promise<void> {
    const { route53 } = this.run.cutover!;
    const { body } = await route53('GET', `${zone}?name=pay.example.com.&maxitems=100`);
    const sets = body.match(/<ResourceRecordSet>.*?<\/ResourceRecordSet>/gs)!.filter((set) => set.includes('<TTL>'));
    if (sets.length !== 2) throw new Error(`the public name has not two records with a TTL: ${body}`);
    const change = (action: string, set: string): string => `<Change><Action>${action}</Action>${set}</Change>`;
    const changed = (set: string): string => set.replace(/<TTL>\d+<\/TTL>/, `<TTL>${seconds}</TTL>`);
    const changes = sets.map((set) => change('DELETE', set) + change('CREATE', changed(set))).join('');
    const request =
      `<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>${changes}` +
      `</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
    const { status, body: answer } = await route53('POST', zone, request);
    if (status !== 200) throw new Error(`the records were not changed: ${status} ${answer}`);
  }
}

/** Callers of the test's own, as many near the drilled region as near the other one: what the system's users see of a drill. */
export class OutsideLoad {
  public readonly calls: SeenCall[] = [];
  public readonly paid: OwnPayment[] = [];
  public readonly failures: string[] = [];
  public readonly callers = 4;
  public readonly account = 'acc-outside';
  private readonly over = new AbortController();
  private work: Promise<unknown> = Promise.resolve();
  private client!: Client;

  /** @param asksAgain statuses besides after which a caller asks again: a drained region answers with none of them */
  constructor(
    private readonly run: DrillRun,
    private readonly asksAgain: readonly number[] = [],
  ) {}

  public async start(): Promise<void> {
    const { text: token } = await this.run.client.once({ path: '/_local/token?tenant=outside' });
    this.client = new Client(this.run.run.url, token, undefined, this.asksAgain);
    const opened = await this.client.call({
      method: 'PUT',
      path: `/api/v1/accounts/${this.account}`,
      body: { currency: 'EUR', balance: 90_000_000 },
    });
    if (opened.status !== 201) throw new Error(`the account was not opened: ${opened.status} ${opened.text}`);
    this.work = Promise.all(Array.from({ length: this.callers }, (_, caller) => this.callOnAndOn(caller)));
  }

  public async stop(): Promise<void> {
    this.over.abort();
    await this.work;
  }

  /** All lines of the account's authorisations, as a region tells them. */
  public async debits(region: string): Promise<readonly { readonly paymentId: string; readonly amount: number }[]> {
    const all: { paymentId: string; amount: number; type: string }[] = [];
    const turn = turns('pages of lines', 100);
    for (let cursor: string | undefined; ;) {
      turn();
      const page = `/api/v1/transactions?accountId=${this.account}&limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const { body } = await this.client.call({ path: page, region });
      all.push(...(body.items as typeof all));
      cursor = body.nextCursor as string | undefined;
      if (cursor === undefined) return all.filter(({ type }) => type === 'AUTHORISATION');
    }
  }

  private async callOnAndOn(caller: number): Promise<void> {
    const headers = { 'X-Client-Location': caller % 2 === 0 ? drilled : other, 'X-Client-Resolver': `outside-${caller}` };
    const turn = turns('calls of the load', 5_000);
    for (let count = 0; !this.over.signal.aborted; count += 1) {
      turn();
      const amount = 100 + count;
      const body = { accountId: this.account, amount, currency: 'EUR' };
      const call = { path: '/api/v1/payments', body, key: `outside-${caller}-${count}`, headers };
      const beganMs = Date.now();
      const first = await this.client.once(call).catch(() => undefined);
      const region = first?.headers['x-served-by-region'] as string | undefined;
      this.calls.push({ caller, beganMs, endedMs: Date.now(), region, answered: first?.status === 201 });
      const final = first?.status === 201 ? first : await this.client.call(call, 90_000);
      if (final.status === 201) this.paid.push({ paymentId: final.body.paymentId as string, amount });
      else this.failures.push(`${final.status} ${final.text}`);
      await sleep(500);
    }
  }
}

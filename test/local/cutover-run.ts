import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DocumentRun } from './document-run';
import { Client } from '../../local/callers/client';
import type { AuditLine } from '../../local/cutover/audit';
import type { CutoverView } from '../../local/cutover/model';
import { startLocalRun, type LocalRun } from '../../local/run';
import { Approvers } from '../../local/smoke/approvers';
import { timePasses } from '../waits';

export const source = 'us-east-1';
export const target = 'eu-central-1';
export const [ada, grace, katherine] = ['ada@example.com', 'grace@example.com', 'katherine@example.com'];
/** The alarm that the cutover goes by, in each region. */
export const watch = 'acme-pay-watch';
export const all = { [source]: 100, [target]: 0 };
export const half = { [source]: 50, [target]: 50 };
const endedMs = 240_000;
/** Well within the age that the example allows. */
const comparedForMs = 20 * 60_000;

/** A run of an app with a cutover, and what tests ask of it again and again. */
export class CutoverRun {
  static async open(): Promise<CutoverRun> {
    const run = await startLocalRun({ port: 0, smoke: false, appDirectory: path.join(__dirname, 'apps/short-cutover') }, () => {});
    return new CutoverRun(run);
  }

  public readonly approvers: Approvers;
  public readonly client: Client;
  public readonly documents: DocumentRun;
  private comparedAt = -Infinity;

  private constructor(public readonly run: LocalRun) {
    this.client = new Client(run.url, '');
    this.approvers = new Approvers(this.client);
    this.documents = new DocumentRun(run, source, target);
  }

  public close(): Promise<void> {
    return this.run.stop();
  }

  /** Starts a run, once nothing is wrong with the regions and documents were compared: not for a plan that says what is attested. */
  public async start(plan: { readonly action?: string; readonly reason?: string; readonly attested?: object } = {}): Promise<void> {
    if (plan.attested === undefined && Date.now() - this.comparedAt > comparedForMs) {
      await this.documents.backfill();
      this.comparedAt = Date.now();
    }
    await this.approvers.calm();
    const { status, text } = await this.approvers.start(ada, plan);
    if (status !== 202) throw new Error(`the cutover was not started: ${status} ${text}`);
  }

  /** Waits until people are asked, and answers in somebody's name. */
  public async decide(decision: 'approve' | 'reject', who = grace): Promise<string> {
    const { approvalId } = await this.approvers.asked();
    const { status, text } = await this.approvers.decide(who, approvalId, decision, 'a test');
    if (status !== 200) throw new Error(`${decision} of ${approvalId}: ${status} ${text}`);
    await this.approvers.until('the decision is taken', ({ openApproval }) => openApproval?.approvalId !== approvalId);
    return approvalId;
  }

  /** Waits for a state of the machine. */
  public at(step: RegExp): Promise<CutoverView> {
    return this.approvers.until(`the run is at ${step}`, (view) => view.state !== 'RUNNING' || step.test(view.step ?? ''));
  }

  public ended(): Promise<CutoverView> {
    return this.approvers.until('the run has ended', ({ state }) => state !== 'RUNNING', endedMs);
  }

  /** Whatever a run left: everything to the source. */
  public async rollBack(): Promise<CutoverView> {
    await this.start({ action: 'rollback', reason: 'the next test' });
    return this.ended();
  }

  /** After a test: nothing is disturbed, and a run or weights that a failed one left are not the next one's. */
  public async tidy(): Promise<void> {
    for (const region of [source, target]) {
      await this.region(region, 'start');
      this.run.cutover!.forceAlarm(region, watch, undefined);
    }
    const { state, weights } = await this.approvers.view();
    if (state === 'RUNNING' || weights[source] !== 100) await this.rollBack();
    await this.homeBack();
  }

  /** After a takeover: the home goes back to the source, and is written to for some minutes of the alarms. */
  public async homeBack(): Promise<void> {
    if ((await this.approvers.view()).home === source) return;
    for (const deadline = Date.now() + 120_000; (await this.approvers.view()).home !== source;) {
      if (Date.now() > deadline) throw new Error(`the home does not go back to ${source}`);
      await this.run.operate!(source, { action: 'relocate', unit: 0 }).catch(() => undefined);
      await sleep(2_500);
    }
    await timePasses(20_000, 'the alarms of the home are to see writes again');
  }

  public async audit(): Promise<readonly AuditLine[]> {
    return (await this.client.once({ path: '/_local/audit' })).body as AuditLine[];
  }

  /** Whether the chain of records is whole, by the auditor's own report. */
  public async unbroken(): Promise<boolean> {
    return (await this.client.once({ path: '/_local/audit?format=report' })).text.includes('Unbroken:');
  }

  public async region(name: string, change: 'stop' | 'start'): Promise<void> {
    const { status, text } = await this.client.once({ method: 'POST', path: `/_local/regions/${name}/${change}` });
    if (status !== 200) throw new Error(`${change} ${name}: ${status} ${text}`);
  }

  /** A payment of a tenant of its own, asked for until it is answered. */
  public async pay(tenant: string): Promise<number> {
    const { text: token } = await this.client.once({ path: `/_local/token?tenant=${tenant}` });
    const caller = this.client.as(token);
    const accountId = `acc-${tenant}`;
    await caller.call({ method: 'PUT', path: `/api/v1/accounts/${accountId}`, body: { currency: 'EUR', balance: 1_000 } });
    return (
      await caller.call(
        { path: '/api/v1/payments', key: `${tenant}-${Date.now()}`, body: { accountId, amount: 1, currency: 'EUR' } },
        90_000,
      )
    ).status;
  }
}

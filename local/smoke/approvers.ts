import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from '../callers/client';
import type { CutoverView } from '../cutover/model';
import type { AlarmStatus, Mail } from '../ground/model';

/** People who start a cutover and decide, as the run's own front door knows them. */
export class Approvers {
  private readonly tokens = new Map<string, string>();

  constructor(private readonly client: Client) {}

  /** A token in somebody's name, whoever it is. */
  public async token(name: string): Promise<string> {
    const known = this.tokens.get(name);
    if (known !== undefined) return known;
    const { status, text } = await this.client.once({ path: `/_local/token?approver=${encodeURIComponent(name)}` });
    if (status !== 200) throw new Error(`no token for ${name}: ${status} ${text.slice(0, 200)}`);
    this.tokens.set(name, text);
    return text;
  }

  public async start(name: string, plan?: object): Promise<Answer> {
    return this.client.once({
      method: 'POST',
      path: '/_local/cutover',
      body: plan === undefined ? {} : { plan },
      token: await this.token(name),
    });
  }

  public async decide(name: string, approvalId: string, decision: string, comment?: string): Promise<Answer> {
    return this.client.once({
      path: `/approvals/${approvalId}`,
      body: { decision, ...(comment === undefined ? {} : { comment }) },
      token: await this.token(name),
    });
  }

  public async view(): Promise<CutoverView> {
    const { status, body, text } = await this.client.once({ path: '/_local/cutover' });
    if (status !== 200) throw new Error(`GET /_local/cutover: ${status} ${text.slice(0, 200)}`);
    return body as CutoverView;
  }

  public async mail(): Promise<readonly Mail[]> {
    return (await this.client.once({ path: '/_local/mail' })).body as Mail[];
  }

  /** Waits until the cutover looks so; says how it looks when it does not in time. */
  public async until(what: string, holds: (view: CutoverView) => boolean, withinMs = 120_000): Promise<CutoverView> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const view = await this.view();
      if (holds(view)) return view;
      if (Date.now() > deadline) {
        const { state, phase, step, why, weights, checks } = view;
        const failed = checks?.checks.filter(({ passed }) => !passed) ?? [];
        throw new Error(`not within ${withinMs / 1000} s: ${what}; it is ${JSON.stringify({ state, phase, step, why, weights, failed })}`);
      }
      await sleep(250);
    }
  }

  /**
   * Waits until no composite alarm, which is what a cutover goes by, has been raised for a while, and the regions hear each other's probes,
   * which it looks for too; or not for ever.
   */
  public async calm(forMs = 10_000, withinMs = 90_000): Promise<void> {
    let since = Date.now();
    for (const deadline = Date.now() + withinMs; Date.now() < deadline && Date.now() - since < forMs; await sleep(500)) {
      const { alarms } = (await this.client.once({ path: '/_local/status' })).body as { alarms: readonly AlarmStatus[] };
      const silent = alarms.some(({ name, state }) => /Silence/.test(name) && state !== 'OK');
      if (silent || alarms.some(({ composite, state }) => composite && state === 'ALARM')) since = Date.now();
    }
  }

  /** Waits for the next approval that people are asked for. */
  public async asked(not: readonly string[] = [], withinMs?: number): Promise<NonNullable<CutoverView['openApproval']>> {
    const over = (view: CutoverView): boolean => view.state !== 'RUNNING';
    const view = await this.until(
      'people are asked',
      (now) => over(now) || (now.openApproval !== undefined && !not.includes(now.openApproval.approvalId)),
      withinMs,
    );
    if (!view.openApproval) throw new Error(`no approval is open any more: the run is ${view.state}, ${view.why}`);
    return view.openApproval;
  }

  /** Approves whatever is asked, in one person's name, until the run has ended. */
  public async approveAll(
    name: string,
    seen: (approvalId: string) => Promise<void> = async () => undefined,
    withinMs = 420_000,
  ): Promise<CutoverView> {
    const done: string[] = [];
    const news = (now: CutoverView): boolean =>
      now.state !== 'RUNNING' || (now.openApproval !== undefined && !done.includes(now.openApproval.approvalId));
    for (const deadline = Date.now() + withinMs; ;) {
      const view = await this.until('the next approval, or the end', news, deadline - Date.now());
      if (view.state !== 'RUNNING') return view;
      const { approvalId } = view.openApproval!;
      await seen(approvalId);
      const { status, text } = await this.decide(name, approvalId, 'approve', 'looks right');
      if (status !== 200) throw new Error(`approving ${approvalId}: ${status} ${text.slice(0, 200)}`);
      done.push(approvalId);
    }
  }
}

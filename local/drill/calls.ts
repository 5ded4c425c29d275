import { clientTokenPath, type PlannedDrill } from './plans';
import { drillKeys, mayFault } from '../../src/drill/contract';
import type { DrillResult } from '../../src/drill/model';
import { causeOf } from '../../src/kernel/cause';
import { starterText } from '../../src/kernel/person-name';
import type { CutoverFabric, ExecutionView, Issuer } from '../ground/model';
import { headerOf, send, sendJson, sendProblem, type Exchange } from '../http/answers';
import { parsedBody, sendDone } from '../http/form';
import type { Route } from '../http/routes';
import { verifiedClaims } from '../issuer/verify';

export interface DrillParts {
  readonly drills: readonly PlannedDrill[];
  readonly fabric: CutoverFabric;
  readonly issuer?: Issuer;
  /** An object of a bucket in a region; undefined where it is not there. */
  readonly object: (region: string, bucket: string, key: string) => Promise<string | undefined>;
}

/** One drill as the front door shows it. */
export interface DrillView extends Partial<Pick<DrillResult, 'recoverySeconds' | 'lost' | 'duplicates' | 'split'>> {
  readonly id: string;
  readonly region: string;
  readonly kind: string;
  readonly state: 'RUNNING' | DrillResult['state'];
  readonly budgetSeconds: number;
  readonly reasons?: readonly string[];
  /** The machine's present state, while it runs. */
  readonly step?: string;
  /** Path of the page at the front door. */
  readonly evidence?: string;
}

/** Drills for people. */
export interface DrillSight {
  /** Regions that can be drilled. */
  readonly regions: readonly string[];
  /** Those of them that can be drilled by a fault, too. */
  readonly faults: readonly string[];
  /** Newest first. */
  readonly drills: readonly DrillView[];
}

/** What was read is good for so long. */
const freshMs = 1_000;
/** Who starts a drill by the page's buttons: it knows nobody. */
const pageName = 'the page';
/** Tenant of the probers: no other caller uses it. */
const proberTenant = 'region-drill';
const kinds = ['drain', 'fault'];
const noDrill = 'The app deploys no region drill.';

/** The calls under `/_local/drills`: start one, see how they stand, read the evidence, end one. */
export class DrillCalls {
  private starting = false;
  private seen: readonly DrillView[] = [];
  private lookedAt = -Infinity;

  constructor(private readonly parts: DrillParts | undefined) {}

  public routes(): readonly Route[] {
    const of =
      (answer: (exchange: Exchange, parts: DrillParts, ...parameters: readonly string[]) => void | Promise<void>): Route['answer'] =>
      (exchange, ...parameters) =>
        this.parts ? answer(exchange, this.parts, ...parameters) : sendProblem(exchange, 'unknown_route', noDrill);
    return [
      { method: 'GET', path: '/_local/drills', answer: of(async (exchange) => sendJson(exchange, 200, await this.list())) },
      { method: 'POST', path: '/_local/drills', answer: of((exchange, parts) => this.start(exchange, parts)) },
      { method: 'DELETE', path: '/_local/drills/{id}', answer: of((exchange, parts, id) => this.abort(exchange, parts, id)) },
      { method: 'GET', path: '/_local/drills/{id}/evidence', answer: of((exchange, parts, id) => this.evidence(exchange, parts, id)) },
      { method: 'POST', path: '/_local/page/drills', answer: of((exchange, parts) => this.startFromPage(exchange, parts)) },
      { method: 'POST', path: '/_local/page/drills/{id}/end', answer: of((exchange, parts, id) => this.abort(exchange, parts, id, true)) },
      { method: 'POST', path: clientTokenPath, answer: of((exchange, parts) => clientToken(exchange, parts)) },
    ];
  }

  /** As somebody last saw them; looks again for the next one. Undefined for an app without a drill. */
  public latest(): DrillSight | undefined {
    if (!this.parts) return undefined;
    if (Date.now() - this.lookedAt > freshMs) {
      this.lookedAt = Date.now();
      this.list().then(
        (views) => {
          this.seen = views;
        },
        () => undefined,
      );
    }
    const plans = this.parts.drills.map(({ plan }) => plan);
    return {
      regions: plans.map(({ drilled }) => drilled),
      faults: plans.filter(mayFault).map(({ drilled }) => drilled),
      drills: this.seen,
    };
  }

  /** Newest first. */
  public async list(): Promise<DrillView[]> {
    if (!this.parts) return [];
    const { drills, fabric } = this.parts;
    const runs = fabric.executions().flatMap((execution) => {
      const drill = drills.find(({ machine }) => machine.name === execution.machine && machine.region === execution.region);
      return drill ? [{ drill, execution }] : [];
    });
    return Promise.all(runs.map(({ drill, execution }) => this.view(drill, execution)));
  }

  private async view({ plan, machine, bucket }: PlannedDrill, execution: ExecutionView): Promise<DrillView> {
    const id = idOf(execution);
    const asked = execution.input as { kind?: string };
    const known = { id, region: plan.drilled, kind: asked.kind ?? plan.kind ?? 'drain', budgetSeconds: plan.budgetSeconds };
    if (execution.status === 'RUNNING') return { ...known, state: 'RUNNING', step: execution.state };
    const text = await this.parts!.object(machine.region, bucket, drillKeys.result(id)).catch(() => undefined);
    if (text === undefined) return { ...known, state: execution.status === 'ABORTED' ? 'ABORTED' : 'FAILED' };
    const { state, recoverySeconds, lost, duplicates, split, reasons } = JSON.parse(text) as DrillResult;
    return { ...known, state, recoverySeconds, lost, duplicates, split, reasons, evidence: `/_local/drills/${id}/evidence` };
  }

  private async start(exchange: Exchange, parts: DrillParts): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const who = starter(exchange, parts);
    if (who.kind === 'none') {
      return sendProblem(
        exchange,
        'unauthorized',
        'Say who starts this: send a token of /_local/token?approver=NAME as Authorization: Bearer.',
        { headers: { 'WWW-Authenticate': 'Bearer' } },
      );
    }
    if (who.kind === 'other') return sendProblem(exchange, 'forbidden', 'Only an approver starts a drill: use a token of ?approver=NAME.');
    const { region, kind: given, ...others } = parsed.fields;
    if (Object.keys(others).length > 0) {
      return sendProblem(
        exchange,
        'unknown_field',
        `Unknown field ${Object.keys(others).join(', ').slice(0, 200)}: it takes region and kind.`,
      );
    }
    const drill = parts.drills.find(({ plan }) => plan.drilled === region);
    if (!drill) {
      const known = parts.drills.map(({ plan }) => plan.drilled).join(', ');
      return sendProblem(exchange, 'invalid_request', `region is '${String(region).slice(0, 64)}': give one of ${known}.`);
    }
    const kind = given ?? drill.plan.kind ?? 'drain';
    if (!kinds.includes(kind as string)) {
      return sendProblem(exchange, 'invalid_request', `kind is '${String(kind).slice(0, 64)}': give one of ${kinds.join(', ')}.`);
    }
    await this.startOnce(exchange, parts, drill, { kind: kind as string, startedBy: who.name }, (view) => sendJson(exchange, 202, view));
  }

  /** The page's own buttons: whoever sits before it drills a region, as it stops one. */
  private async startFromPage(exchange: Exchange, parts: DrillParts): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const drill = parts.drills.find(({ plan }) => plan.drilled === parsed.fields.region);
    if (!drill) return sendProblem(exchange, 'invalid_request', 'region is one that the app drills.');
    const kind = parsed.fields.kind === 'fault' && mayFault(drill.plan) ? 'fault' : 'drain';
    const input = { kind, startedBy: pageName };
    await this.startOnce(exchange, parts, drill, input, (view) => sendDone(exchange, parsed, { id: view?.id }, undefined));
  }

  private async startOnce(
    exchange: Exchange,
    { fabric, drills }: DrillParts,
    { machine }: PlannedDrill,
    input: { readonly kind: string; readonly startedBy: string },
    begun: (view: DrillView | undefined) => void,
  ): Promise<void> {
    const runs = ({ machine: name, status }: ExecutionView): boolean =>
      status === 'RUNNING' && drills.some((drill) => drill.machine.name === name);
    if (this.starting || fabric.executions().some(runs)) {
      return sendProblem(exchange, 'request_in_flight', 'A drill runs: wait for its end, or end it with DELETE /_local/drills/{id}.', {
        status: 409,
      });
    }
    this.starting = true;
    try {
      const { executionArn } = await fabric.start(machine.arn, input);
      const id = executionArn.split(':').pop()!;
      this.lookedAt = -Infinity;
      begun((await this.list()).find((view) => view.id === id));
    } catch (error) {
      sendProblem(exchange, 'unavailable', `The state machine in ${machine.region} could not be started: ${causeOf(error)}`, {
        region: machine.region,
      });
    } finally {
      this.starting = false;
    }
  }

  private runOf(
    { fabric, drills }: DrillParts,
    id: string,
  ): { readonly drill: PlannedDrill; readonly execution: ExecutionView } | undefined {
    const execution = fabric.executions().find((one) => idOf(one) === id);
    const drill = drills.find(({ machine }) => machine.name === execution?.machine);
    return execution && drill && { drill, execution };
  }

  /** The execution is stopped, as `stop-execution` does on AWS; its event calls the watchdog. */
  private async abort(exchange: Exchange, parts: DrillParts, id: string, fromPage = false): Promise<void> {
    const parsed = fromPage ? await parsedBody(exchange) : undefined;
    if (fromPage && !parsed) return;
    const run = this.runOf(parts, id);
    if (!run) return sendProblem(exchange, 'unknown_route', `There is no drill '${id.slice(0, 64)}'.`);
    if (run.execution.status !== 'RUNNING') {
      return sendProblem(exchange, 'request_in_flight', 'The drill is over: there is nothing to end.', { status: 409 });
    }
    await parts.fabric.stop(run.execution.arn, 'ended at the front door');
    this.lookedAt = -Infinity;
    const ended = (await this.list()).find((view) => view.id === id)!;
    if (parsed) sendDone(exchange, parsed, ended, undefined);
    else sendJson(exchange, 200, ended);
  }

  private async evidence(exchange: Exchange, parts: DrillParts, id: string): Promise<void> {
    const run = this.runOf(parts, id);
    const format = exchange.query.get('format') ?? 'html';
    if (format !== 'html' && format !== 'json') {
      return sendProblem(exchange, 'invalid_request', 'format is html or json, or left out for the page.');
    }
    const text = run && (await parts.object(run.drill.machine.region, run.drill.bucket, drillKeys.evidence(id, format)));
    if (text === undefined) return sendProblem(exchange, 'unknown_route', `There is no evidence of a drill '${id.slice(0, 64)}' yet.`);
    send(exchange, 200, format === 'html' ? 'text/html; charset=utf-8' : 'application/json', text);
  }
}

function idOf({ arn }: ExecutionView): string {
  return arn.split(':').pop()!;
}

/** What an OAuth token endpoint answers to an OAuth client (RFC 6749, section 5.1). */
function clientToken(exchange: Exchange, { issuer }: DrillParts): void {
  if (!issuer) return sendProblem(exchange, 'unknown_route', "The app's API has no JWT authorizer, so no token would be of use.");
  const lifetimeSeconds = 3600;
  const token = issuer.token({ tenant: proberTenant, lifetimeSeconds });
  exchange.request.resume();
  sendJson(exchange, 200, { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds });
}

type Starter = { readonly kind: 'none' } | { readonly kind: 'other' } | { readonly kind: 'approver'; readonly name: string };

/** By the token's own words: an address that the issuer has verified, and its subject. */
function starter(exchange: Exchange, { fabric, issuer }: DrillParts): Starter {
  const token = /^Bearer (\S+)$/i.exec(headerOf(exchange.request, 'authorization') ?? '')?.[1];
  if (token === undefined) return { kind: 'none' };
  const claims = verifiedClaims(token, [...(fabric.approverKeys ?? [])]);
  if (!claims) return verifiedClaims(token, [...(issuer?.jwks.keys ?? [])]) ? { kind: 'other' } : { kind: 'none' };
  const names = [claims.email_verified === true ? claims.email : undefined, claims.sub];
  return { kind: 'approver', name: starterText(names.filter((name) => typeof name === 'string')) };
}

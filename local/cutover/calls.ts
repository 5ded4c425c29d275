import { reportOf } from './audit';
import type { PlannedMachine } from './plan';
import type { SignIn } from './sign-in';
import type { CutoverWatch } from './watch';
import { causeOf } from '../../src/kernel/cause';
import { starterText } from '../../src/kernel/person-name';
import type { CutoverFabric, Issuer } from '../ground/model';
import { headerOf, send, sendJson, sendProblem, type Exchange } from '../http/answers';
import { sendDone, parsedBody } from '../http/form';
import type { Route } from '../http/routes';
import { verifiedClaims } from '../issuer/verify';

/** Where the calls take what they answer. */
export interface CutoverParts extends PlannedMachine {
  readonly fabric: CutoverFabric;
  readonly watch: CutoverWatch;
  /** Whose tokens say who starts something. */
  readonly issuer?: Issuer;
  readonly signIn: SignIn;
  /** Has the documents of two regions compared where that was never done in this run. */
  readonly compareDocuments?: (from: string, to: string) => Promise<void>;
}

const actions = ['cutover', 'rollback', 'adopt', 'revert'] as const;
type Action = (typeof actions)[number];

/** What a run is started with. */
interface Wish {
  readonly action: Action;
  readonly reason: string;
  readonly attested?: Readonly<Record<string, string>>;
}

/** The calls under `/_local` that are about a cutover: start it, see how it stands, read what was sent and recorded. */
export class CutoverCalls {
  /** One start at a time: whether one runs is looked at before. */
  private starting = false;

  constructor(private readonly parts: CutoverParts | undefined) {}

  public routes(): readonly Route[] {
    const { parts } = this;
    const of = (answer: (exchange: Exchange, known: CutoverParts) => void | Promise<void>): Route['answer'] =>
      parts
        ? (exchange) => answer(exchange, parts)
        : (exchange) =>
            sendProblem(exchange, 'unknown_route', 'The app has no state machine of a cutover: this run is of another example.');
    return [
      { method: 'GET', path: '/_local/cutover', answer: of((exchange, known) => this.show(exchange, known)) },
      { method: 'POST', path: '/_local/cutover', answer: of((exchange, known) => this.start(exchange, known)) },
      { method: 'GET', path: '/_local/mail', answer: of((exchange, { fabric }) => sendJson(exchange, 200, fabric.mail())) },
      { method: 'GET', path: '/_local/audit', answer: of((exchange, known) => this.audit(exchange, known)) },
      { method: 'POST', path: '/_local/page/cutover', answer: of((exchange, known) => this.startAs(exchange, known)) },
      ...(parts?.signIn.routes() ?? []),
    ];
  }

  /** A token for whoever decides, or wants to; undefined: the app has no gate that takes one. */
  public approverToken(name: string): string | undefined {
    return this.parts?.fabric.approverToken(name);
  }

  private async show(exchange: Exchange, { watch }: CutoverParts): Promise<void> {
    sendJson(exchange, 200, await watch.look());
  }

  private async audit(exchange: Exchange, { watch, plan }: CutoverParts): Promise<void> {
    const sight = await watch.records();
    const format = exchange.query.get('format');
    if (format !== null && format !== 'report') {
      return sendProblem(exchange, 'invalid_request', 'format is report, for the text that an auditor gets, or left out.');
    }
    if (format === 'report') return send(exchange, 200, 'text/markdown; charset=utf-8', reportOf(plan.systemName, sight, new Date()));
    sendJson(exchange, 200, sight.lines);
  }

  private async start(exchange: Exchange, parts: CutoverParts): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const who = this.starter(exchange, parts);
    if (who === undefined) {
      return sendProblem(
        exchange,
        'unauthorized',
        'Say who starts this: send a token of /_local/token?approver=NAME as Authorization: Bearer.',
        { headers: { 'WWW-Authenticate': 'Bearer' } },
      );
    }
    const wish = wishOf(parsed.fields);
    if (typeof wish === 'string') return sendProblem(exchange, 'invalid_request', wish);
    await this.startOnce(exchange, parts, wish, who, async (execution) =>
      sendJson(exchange, 202, { ...(await parts.watch.look()), execution }),
    );
  }

  /** The page's own buttons: whoever sits before it says who they are. */
  private async startAs(exchange: Exchange, parts: CutoverParts): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { as: who, ...plan } = parsed.fields;
    const known = parts.fabric.gates.flatMap(({ approvers }) => approvers);
    if (typeof who !== 'string' || !known.includes(who)) {
      return sendProblem(exchange, 'invalid_request', `as is one of ${known.join(', ')}.`);
    }
    const wish = wishOf({ plan });
    if (typeof wish === 'string') return sendProblem(exchange, 'invalid_request', wish);
    await this.startOnce(exchange, parts, wish, who, async (execution) => sendDone(exchange, parsed, { execution }, undefined));
  }

  private async startOnce(
    exchange: Exchange,
    parts: CutoverParts,
    wish: Wish,
    who: string,
    begun: (execution: string) => Promise<void>,
  ): Promise<void> {
    const running = parts.watch.execution()?.status === 'RUNNING';
    if (this.starting || (running && wish.action !== 'rollback')) {
      return sendProblem(exchange, 'request_in_flight', 'A run is under way: wait for its end, or start a rollback, which overtakes it.', {
        status: 409,
      });
    }
    this.starting = true;
    try {
      await this.begin(exchange, parts, wish, who, begun);
    } finally {
      this.starting = false;
    }
  }

  private async begin(
    exchange: Exchange,
    { fabric, machine, plan, compareDocuments }: CutoverParts,
    { action, reason, attested }: Wish,
    who: string,
    begun: (execution: string) => Promise<void>,
  ): Promise<void> {
    // What an operator would have done before, unless the caller says what was.
    if (attested === undefined && action === 'cutover' && plan.prechecks.documentsSeconds !== undefined) {
      await compareDocuments?.(plan.source, plan.target);
    }
    const said =
      attested ?? Object.fromEntries(plan.prechecks.attestations.map((name) => [name, `${who}: nothing to copy in the local run`]));
    try {
      const { executionArn } = await fabric.start(machine.arn, { action, startedBy: who, reason, attested: said });
      await begun(executionArn);
    } catch (error) {
      sendProblem(exchange, 'unavailable', `The state machine in ${machine.region} could not be started: ${causeOf(error)}`, {
        region: machine.region,
      });
    }
  }

  /** By the token's own words: an address that the issuer has verified, and its subject. */
  private starter(exchange: Exchange, { issuer, fabric }: CutoverParts): string | undefined {
    const token = /^Bearer (\S+)$/i.exec(headerOf(exchange.request, 'authorization') ?? '')?.[1];
    const claims = token === undefined ? undefined : verifiedClaims(token, [...(issuer?.jwks.keys ?? []), ...(fabric.approverKeys ?? [])]);
    const names = [claims?.email_verified === true ? claims.email : undefined, claims?.sub];
    return starterText(names.filter((name) => typeof name === 'string')) || undefined;
  }
}

/** What is asked for; a text says what is wrong with it. */
function wishOf(fields: Readonly<Record<string, unknown>>): Wish | string {
  const { plan = {}, ...others } = fields;
  if (Object.keys(others).length > 0) return `Unknown field ${Object.keys(others).join(', ').slice(0, 200)}: it takes plan.`;
  if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) {
    return 'plan is an object of action, reason and attested, each of them optional.';
  }
  const { action = 'cutover', reason = '', attested, ...unknown } = plan as Readonly<Record<string, unknown>>;
  if (Object.keys(unknown).length > 0) {
    return (
      `Unknown field ${Object.keys(unknown).join(', ').slice(0, 200)} in plan: phases and times are the deployed ones; it takes ` +
      `action, reason and attested.`
    );
  }
  const known = actions.find((name) => name === action);
  if (known === undefined) return `action is one of ${actions.join(', ')}.`;
  if (typeof reason !== 'string' || reason.length > 500) return 'reason is a text of at most 500 characters.';
  if (attested !== undefined && !isTexts(attested)) return 'attested is an object of texts.';
  return { action: known, reason, ...(attested === undefined ? {} : { attested }) };
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === 'string')
  );
}

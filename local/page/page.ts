import { assetOf } from './assets';
import { dashboardPanel } from './board/panel';
import { EventWatch, soon } from './event-watch';
import { Load, mostRate } from './load';
import { Passages, type Passage } from './passages';
import { askHealth, RecoveryClock } from './recovery';
import { Storm } from './storm';
import { Stream } from './stream';
import { fragments, page } from './views/layout';
import type { PageState, PageStatus, TraceView } from './views/model';
import { Client } from '../callers/client';
import { Payer } from '../callers/payer';
import type { CanaryView } from '../canary/canaries';
import type { CutoverWatch } from '../cutover/watch';
import { noDashboard, type DashboardParts } from '../dashboard/calls';
import type { DashboardView } from '../dashboard/model';
import type { Dns, Issuer, Links, Observed, RegionHandle } from '../ground/model';
import { headerOf, ownHeaders, send, sendProblem, type Exchange } from '../http/answers';
import { sendDone, parsedBody } from '../http/form';
import type { Html } from '../http/html';
import type { Route } from '../http/routes';
import { waterfall } from './views/waterfall';

/** Where the page takes what it shows. What is absent here is not in this run. */
export interface PageDeps {
  readonly status: () => PageStatus;
  readonly regions: readonly RegionHandle[];
  readonly links: Links;
  readonly dns: Dns;
  readonly issuer?: Issuer;
  /** Address of the front door, without a trailing slash. */
  readonly url: string;
  /** Absent: nothing is known of events and traces. */
  readonly observed?: Pick<Observed, 'events' | 'trace'>;
  /** Absent: the app moves nothing. */
  readonly cutover?: Pick<CutoverWatch, 'latest' | 'look' | 'nudge'>;
  /** Each undefined where the app has no such part. */
  readonly around?: {
    readonly drills: () => PageState['drills'];
    readonly documents: () => PageState['documents'];
    readonly edge: () => PageState['edge'];
    /** False: a backfill runs already, or there are no documents. */
    readonly backfill: (from: string, to: string) => boolean;
  };
  /** Absent: the app has no canary. */
  readonly canaries?: { readonly list: () => readonly CanaryView[] };
  /** Absent: the app has no dashboard. */
  readonly dashboards?: DashboardParts;
}

/** No inline script or style, nothing from elsewhere. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri " +
  "'none'; frame-ancestors 'none'";
const security = { 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' };

/** Whether the page's script asks for a part; without it a part is a page of its own. */
const isForScript = ({ request }: Exchange): boolean => headerOf(request, 'hx-request') === 'true';

/** Segments of a payment this old do not arrive any more, unless it is replayed. */
const freshMs = 30_000;

/** Nobody waits longer for a page: what is not there yet is left out. */
const longestWaitMs = 2_000;

/** The latest events that are counted. */
const mostEvents = 20_000;

/** The page at `/`: what the run does, and the switches that disturb it. */
export class Page {
  private readonly passages = new Passages();
  private readonly recovery: RecoveryClock;
  private readonly stream: Stream;
  private readonly ending = new AbortController();
  private readonly eventWatch?: EventWatch;
  private senders?: { readonly load: Load; readonly storm: Storm };

  constructor(private readonly deps: PageDeps) {
    const nudge = () => this.stream.nudge();
    this.stream = new Stream(() => {
      const state = this.state();
      return Object.fromEntries(Object.entries(fragments).map(([name, view]) => [name, view(state).toString()]));
    });
    this.recovery = new RecoveryClock({ regions: deps.regions, dns: deps.dns, ask: askHealth(deps.url) });
    for (const region of deps.regions) region.onChange(nudge);
    deps.links.onChange(nudge);
    const { observed } = deps;
    if (observed) {
      this.eventWatch = new EventWatch({ read: () => observed.events({ limit: mostEvents }), wanted: () => this.stream.size > 0 });
    }
  }

  /** Told of each request that was led to a region. */
  public readonly saw = (passage: Passage): void => {
    this.passages.saw(passage);
    this.recovery.saw(passage);
  };

  /** Answers `/`; with `?trace=` the waterfall of that trace is in it, with `?dashboard=` that dashboard. */
  private async show(exchange: Exchange): Promise<void> {
    const traceId = exchange.query.get('trace');
    if (this.eventWatch && this.stream.size === 0) await soon(this.eventWatch.look(), longestWaitMs);
    if (this.deps.cutover && this.stream.size === 0) await soon(this.deps.cutover.look(), longestWaitMs);
    const trace = traceId === null ? undefined : await this.trace(traceId);
    const open = exchange.query.get('dashboard');
    this.html(exchange, page(this.state(), { trace, boards: this.boards(open === null ? undefined : this.deps.dashboards?.look(open)) }));
  }

  /** The page at `/`, and the calls that it makes. */
  public routes(): readonly Route[] {
    const open = (exchange: Exchange): void => this.stream.open(exchange, { ...ownHeaders(exchange.traceId), ...security });
    return [
      { method: 'GET', path: '/', answer: (exchange) => this.show(exchange) },
      { method: 'GET', path: '/_local/stream', answer: open },
      { method: 'GET', path: '/_local/page/assets/{name}', answer: (exchange, name) => this.asset(exchange, name) },
      { method: 'GET', path: '/_local/page/traces/{traceId}', answer: (exchange, traceId) => this.showTrace(exchange, traceId) },
      { method: 'GET', path: '/_local/page/dashboards', answer: (exchange) => this.showBoards(exchange, undefined) },
      { method: 'GET', path: '/_local/page/dashboards/{name}', answer: (exchange, name) => this.showBoard(exchange, name) },
      { method: 'POST', path: '/_local/page/load', answer: (exchange) => this.setLoad(exchange) },
      { method: 'POST', path: '/_local/page/backfill', answer: (exchange) => this.startBackfill(exchange) },
      { method: 'POST', path: '/_local/page/storm', answer: (exchange) => this.startStorm(exchange) },
      { method: 'POST', path: '/_local/page/links/{from}/{to}', answer: (exchange, from, to) => this.setBothWays(exchange, from, to) },
    ];
  }

  public close(): void {
    this.ending.abort();
    this.recovery.close();
    this.eventWatch?.close();
    this.stream.close();
  }

  private html(exchange: Exchange, markup: string): void {
    send(exchange, 200, 'text/html; charset=utf-8', markup, { headers: security });
  }

  private asset(exchange: Exchange, name: string): void {
    const asset = assetOf(name);
    if (!asset) return sendProblem(exchange, 'unknown_route', `The page has no file '${name.slice(0, 64)}'.`);
    send(exchange, 200, asset.contentType, asset.body, { headers: security });
  }

  private async showTrace(exchange: Exchange, traceId: string): Promise<void> {
    const trace = await this.trace(traceId);
    if (isForScript(exchange)) return this.html(exchange, waterfall(trace, this.regionNames()).toString());
    this.html(exchange, page(this.state(), { trace, boards: this.boards() }));
  }

  private showBoard(exchange: Exchange, name: string): void {
    const view = this.deps.dashboards?.look(name);
    return view ? this.showBoards(exchange, view) : noDashboard(exchange, this.deps.dashboards, name);
  }

  private showBoards(exchange: Exchange, open: DashboardView | undefined): void {
    const boards = this.boards(open);
    this.html(exchange, isForScript(exchange) ? (boards?.toString() ?? '') : page(this.state(), { boards }));
  }

  /** Undefined: the app has no dashboard. */
  private boards(open?: DashboardView): Html | undefined {
    const names = this.deps.dashboards?.list() ?? [];
    return names.length > 0 ? dashboardPanel(names, this.regionNames(), open) : undefined;
  }

  private async trace(traceId: string): Promise<TraceView> {
    const payment = this.passages.payment(traceId);
    const segments = this.deps.observed?.trace(traceId) ?? [];
    const events =
      payment && this.deps.observed && (await soon(this.deps.observed.events({ paymentId: payment.paymentId }), longestWaitMs));
    return { traceId, segments, payment, events, fresh: payment !== undefined && Date.now() - payment.at < freshMs };
  }

  private async setLoad(exchange: Exchange): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const unknown = Object.keys(parsed.fields).filter((name) => name !== 'rate');
    if (unknown.length) return sendProblem(exchange, 'unknown_field', `Unknown field ${unknown.join(', ').slice(0, 200)}: it takes rate.`);
    const rate =
      parsed.form && typeof parsed.fields.rate === 'string' && parsed.fields.rate !== '' ? Number(parsed.fields.rate) : parsed.fields.rate;
    if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 0 || rate > mostRate) {
      return sendProblem(exchange, 'invalid_request', `rate is a whole number of payments a second from 1 to ${mostRate}, or 0 to stop.`);
    }
    const senders = this.sending();
    if (!senders) return this.noTokens(exchange);
    senders.load.set(rate);
    sendDone(exchange, parsed, senders.load.state(), undefined);
  }

  private async startStorm(exchange: Exchange): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const senders = this.sending();
    if (!senders) return this.noTokens(exchange);
    if (!senders.storm.start()) return sendProblem(exchange, 'request_in_flight', 'A storm is under way already.');
    sendDone(exchange, parsed, senders.storm.state(), undefined);
  }

  private async startBackfill(exchange: Exchange): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { from, to } = parsed.fields;
    const known = this.deps.around?.documents()?.buckets.map(({ region }) => region) ?? [];
    if (typeof from !== 'string' || typeof to !== 'string' || !known.includes(from) || !known.includes(to) || from === to) {
      return sendProblem(
        exchange,
        'invalid_request',
        `from and to are two of ${known.join(', ') || 'no regions: there are no documents'}.`,
      );
    }
    if (!this.deps.around!.backfill(from, to)) return sendProblem(exchange, 'request_in_flight', 'A backfill is running already.');
    sendDone(exchange, parsed, { from, to }, undefined);
  }

  private async setBothWays(exchange: Exchange, a: string, b: string): Promise<void> {
    const ways = this.deps.links.all().filter(({ from, to }) => (from === a && to === b) || (from === b && to === a));
    if (ways.length === 0) {
      return sendProblem(exchange, 'unknown_route', `There is no link between '${a.slice(0, 64)}' and '${b.slice(0, 64)}' in this run.`);
    }
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { partitioned, ...unknown } = parsed.fields;
    const cut =
      typeof partitioned === 'boolean' ? partitioned : parsed.form && partitioned !== undefined ? partitioned === 'true' : undefined;
    if (cut === undefined || Object.keys(unknown).length) {
      return sendProblem(exchange, 'invalid_request', 'Both ways of a link take partitioned, true or false.');
    }
    sendDone(
      exchange,
      parsed,
      ways.map(({ from, to }) => this.deps.links.set(from, to, { partitioned: cut })),
      undefined,
    );
  }

  private noTokens(exchange: Exchange): void {
    sendProblem(exchange, 'unknown_route', "The app's API has no JWT authorizer, so the page has no token to send payments with.");
  }

  /** What sends payments, made when it is first asked for. */
  private sending(): { readonly load: Load; readonly storm: Storm } | undefined {
    const { issuer, url } = this.deps;
    if (!issuer) return undefined;
    if (!this.senders) {
      const { signal } = this.ending;
      const client = new Client(url, issuer.token({ tenant: Payer.tenant }), signal);
      const shared = { payer: new Payer(client), regions: this.regionNames(), signal, onChange: () => this.stream.nudge() };
      // Each counts by itself what it had to ask again.
      this.senders = {
        load: new Load({ client, ...shared }),
        storm: new Storm({ client: client.as(issuer.token({ tenant: Payer.tenant })), ...shared }),
      };
    }
    return this.senders;
  }

  private cutover(): PageState['cutover'] {
    this.deps.cutover?.nudge();
    return this.deps.cutover?.latest();
  }

  private regionNames(): string[] {
    return this.deps.regions.map(({ name }) => name);
  }

  private state(): PageState {
    const senders = this.sending();
    return {
      now: Date.now(),
      status: this.deps.status(),
      seconds: this.passages.seconds(),
      payments: this.passages.payments(),
      outages: this.recovery.outages(),
      load: senders?.load.state(),
      storm: senders?.storm.state(),
      events: this.eventWatch?.seen(),
      cutover: this.cutover(),
      drills: this.deps.around?.drills(),
      documents: this.deps.around?.documents(),
      edge: this.deps.around?.edge(),
      canaries: this.deps.canaries?.list(),
    };
  }
}

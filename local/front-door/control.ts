import { isIP } from 'node:net';
import { ObservedCalls } from './observed';
import type { Status } from './status';
import { tenantPattern } from '../../src/api/caller.contract';
import { canaryRoutes, type CanaryParts } from '../canary/calls';
import type { CutoverCalls } from '../cutover/calls';
import { dashboardRoutes, type DashboardParts } from '../dashboard/calls';
import type { DrillCalls, DrillParts } from '../drill/calls';
import type { FrontDoorDeps, LinkState, RegionHandle } from '../ground/model';
import { headerOf, send, sendJson, sendProblem, type Exchange } from '../http/answers';
import { sendDone, parsedBody, type Parsed } from '../http/form';
import { Router, type Route } from '../http/routes';
import type { Page } from '../page/page';

/** Longer than any round trip on earth, shorter than any timeout here. */
const mostLagMs = 10_000;

/** The page and everything under `/_local` that is not the API: what watches the run and breaks it. */
export class Control {
  private readonly router: Router;

  constructor(
    private readonly deps: FrontDoorDeps & {
      readonly drills?: DrillParts;
      readonly canaries?: CanaryParts;
      readonly dashboards?: DashboardParts;
    },
    private readonly status: () => Status,
    page: Page,
    private readonly cutover: CutoverCalls,
    drills: DrillCalls,
  ) {
    this.router = new Router([
      ...page.routes(),
      ...cutover.routes(),
      ...drills.routes(),
      ...canaryRoutes(deps.canaries, deps.issuer),
      ...dashboardRoutes(deps.dashboards),
      ...this.routes(),
    ]);
  }

  public async answer(exchange: Exchange): Promise<void> {
    const refused = foreign(exchange);
    if (refused) return sendProblem(exchange, 'forbidden', refused);
    return this.router.answer(exchange);
  }

  private routes(): readonly Route[] {
    const observed = new ObservedCalls(this.deps.observed);
    return [
      { method: 'GET', path: '/_local/token', answer: (exchange) => this.token(exchange) },
      { method: 'GET', path: '/_local/status', answer: (exchange) => sendJson(exchange, 200, this.status()) },
      { method: 'GET', path: '/_local/events', answer: (exchange) => observed.events(exchange) },
      { method: 'GET', path: '/_local/traces/{traceId}', answer: (exchange, traceId) => observed.trace(exchange, traceId) },
      { method: 'POST', path: '/_local/throttle', answer: (exchange) => observed.throttle(exchange) },
      { method: 'POST', path: '/_local/regions/{region}/stop', answer: (exchange, name) => this.switchRegion(exchange, name, 'stop') },
      { method: 'POST', path: '/_local/regions/{region}/start', answer: (exchange, name) => this.switchRegion(exchange, name, 'start') },
      { method: 'POST', path: '/_local/links/{from}/{to}', answer: (exchange, from, to) => this.setLink(exchange, from, to) },
    ];
  }

  private token(exchange: Exchange): void {
    if (exchange.query.has('approver')) return this.approverToken(exchange, exchange.query.get('approver') ?? '');
    const tenant = exchange.query.get('tenant') ?? '';
    if (!tenantPattern.test(tenant)) {
      return sendProblem(exchange, 'invalid_request', 'Give ?tenant= a name of 1 to 128 visible ASCII characters without #.');
    }
    if (!this.deps.issuer) {
      return sendProblem(exchange, 'unknown_route', "The app's API has no JWT authorizer, so no token would be of use.");
    }
    const scopes = exchange.query
      .get('scope')
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const known = this.deps.issuer.scopes;
    const unknown = scopes?.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      return sendProblem(
        exchange,
        'invalid_request',
        `There is no scope '${unknown.slice(0, 64)}': ?scope= takes ${known.join(', ')}, with commas between.`,
      );
    }
    send(exchange, 200, 'text/plain; charset=utf-8', this.deps.issuer.token({ tenant, scopes }));
  }

  private approverToken(exchange: Exchange, name: string): void {
    if (!/^[\x21-\x7e]{1,128}$/.test(name)) {
      return sendProblem(
        exchange,
        'invalid_request',
        'Give ?approver= a name of 1 to 128 visible ASCII characters, as the mails have them.',
      );
    }
    const token = this.cutover.approverToken(name) ?? this.deps.drills?.fabric.approverToken(name);
    if (token === undefined) {
      return sendProblem(
        exchange,
        'unknown_route',
        'The app has no approval gate and no drill that takes tokens, so none would be of use.',
      );
    }
    send(exchange, 200, 'text/plain; charset=utf-8', token);
  }

  private async switchRegion(exchange: Exchange, name: string, to: 'stop' | 'start'): Promise<void> {
    const region = this.region(exchange, name);
    const parsed = region && (await parsedBody(exchange));
    if (!region || !parsed) return;
    const unknown = Object.keys(parsed.fields);
    if (unknown.length) {
      return sendProblem(exchange, 'unknown_field', `This call takes no fields, but got ${unknown.join(', ').slice(0, 200)}.`, {
        region: region.name,
      });
    }
    await (to === 'stop' ? region.stop() : region.start());
    sendDone(exchange, parsed, { name: region.name, state: region.state }, region.name);
  }

  private region(exchange: Exchange, name: string): RegionHandle | undefined {
    const region = this.deps.regions.find((handle) => handle.name === name);
    if (!region) {
      sendProblem(
        exchange,
        'unknown_route',
        `There is no region '${name.slice(0, 64)}' in this run: it has ${this.deps.regions.map((handle) => handle.name).join(', ')}.`,
      );
    }
    return region;
  }

  private async setLink(exchange: Exchange, from: string, to: string): Promise<void> {
    const link = this.deps.links.all().find((candidate) => candidate.from === from && candidate.to === to);
    if (!link) {
      const known = this.deps.links
        .all()
        .map((candidate) => `${candidate.from} to ${candidate.to}`)
        .join(', ');
      return sendProblem(
        exchange,
        'unknown_route',
        `There is no link from '${from.slice(0, 64)}' to '${to.slice(0, 64)}' in this run: it has ${known}.`,
      );
    }
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const change = linkChange(parsed);
    if (typeof change === 'string') return sendProblem(exchange, 'invalid_request', change);
    const { lagMs, partitioned } = this.deps.links.set(from, to, change);
    sendDone(exchange, parsed, { from, to, lagMs, partitioned } satisfies LinkState, undefined);
  }
}

/** What changes, or what is wrong with it. A form knows text only. */
function linkChange({ fields, form }: Parsed): { lagMs?: number; partitioned?: boolean } | string {
  const unknown = Object.keys(fields).filter((name) => !['lagMs', 'partitioned'].includes(name));
  if (unknown.length) return `Unknown field ${unknown.join(', ').slice(0, 200)}: a link takes lagMs and partitioned.`;
  const lagMs = form && typeof fields.lagMs === 'string' && fields.lagMs !== '' ? Number(fields.lagMs) : fields.lagMs;
  const partitioned = form && typeof fields.partitioned === 'string' ? fields.partitioned === 'true' : fields.partitioned;
  if (lagMs !== undefined && !(typeof lagMs === 'number' && lagMs >= 0 && lagMs <= mostLagMs)) {
    return `lagMs is a number of milliseconds from 0 to ${mostLagMs}.`;
  }
  if (partitioned !== undefined && typeof partitioned !== 'boolean') return 'partitioned is true or false.';
  return { ...(lagMs === undefined ? {} : { lagMs }), ...(partitioned === undefined ? {} : { partitioned }) };
}

/** A web page elsewhere must not break the run through the reader's browser. */
export function foreign(exchange: Exchange): string | undefined {
  const host = headerOf(exchange.request, 'host') ?? '';
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (!isIP(name) && name !== 'localhost' && !name.endsWith('.localhost')) {
    return `Ask for it as 127.0.0.1 or localhost, not as '${host.slice(0, 64)}'.`;
  }
  const origin = headerOf(exchange.request, 'origin');
  if (origin !== undefined && origin !== `http://${host}`) {
    return `A page of ${origin.slice(0, 64)} may not use the local run: open its own page.`;
  }
  return undefined;
}

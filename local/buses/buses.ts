import { randomUUID } from 'node:crypto';
import type { Policies } from '../iam/policies';
import type { MetricStore } from '../metrics/store';
import type { AlarmState, BusStatus, FabricResource, Links, RegionHandle } from '../model';
import { AwsApi } from '../proxy/aws-api';
import type { EngineDirectory } from '../proxy/network';
import { BusPolicies } from './bus-policies';
import { toDeadLetters } from './dead-letters';
import { DeliveryLine, type BusEvent } from './delivery-line';
import { EndpointRouting, globalEndpoints, type GlobalEndpoint } from './endpoints';
import { EventCalls, type PutEntry } from './event-calls';
import { EventMetrics } from './event-metrics';
import { Intake } from './intake';
import { retryPolicyOf, type Outcome } from './retry';
import { Rights, type Refusal } from './rights';
import { fabricRules, type FabricRule, type RuleTarget } from './rules';
import { Senders } from './senders';

export interface BusesOptions {
  readonly api: AwsApi;
  readonly engines: EngineDirectory;
  readonly links: Links;
  readonly policies: Policies;
  readonly store: MetricStore;
  readonly accountId: string;
  readonly minuteMs: number;
  readonly alarmState: (region: string, name: string) => AlarmState | undefined;
  /** Messages in a queue, as far as somebody counts them. */
  readonly queueDepth: (region: string, queueName: string) => number;
}

interface Line { readonly rule: FabricRule; readonly target: RuleTarget; readonly line: DeliveryLine }

/** What EventBridge does and the emulator does not: deliveries with retries and dead-letter queues, across regions too. */
export class Buses {
  /** For the proxies. */
  public readonly calls: EventCalls;
  private readonly busPolicies: BusPolicies;
  private readonly rights: Rights;
  private readonly senders: Senders;
  private readonly metrics: EventMetrics;
  private readonly lines = new Map<string, Line>();
  private readonly replications = new Map<string, DeliveryLine>();
  private readonly throttled = new Set<string>();
  private readonly traffic = new Map<string, { sent: number; received: number }>();
  private readonly timers: NodeJS.Timeout[] = [];
  private intakes: Intake[] = [];
  private buses: { readonly region: string; readonly name: string }[] = [];
  private routings = new Map<string, EndpointRouting>();
  private regions: readonly RegionHandle[] = [];

  constructor(private readonly options: BusesOptions) {
    const { api, accountId, policies, engines, links } = options;
    this.busPolicies = new BusPolicies(accountId);
    this.rights = new Rights({ api, policies, busPolicies: this.busPolicies, accountId });
    this.senders = new Senders({ api, rights: this.rights, engines, links, crossed: (from, to, count) => this.crossed(from, to, count) });
    this.metrics = new EventMetrics(options.store);
    this.calls = new EventCalls({
      accountId, busPolicies: this.busPolicies,
      activeRegion: (endpoint) => this.routings.get(endpoint.id)?.active(),
      taken: (endpoint, region, entries) => this.replicate(endpoint, region, entries),
    });
  }

  /** Takes over once everything is deployed. */
  public async open(resources: readonly FabricResource[], regions: readonly RegionHandle[]): Promise<void> {
    const { accountId, minuteMs, alarmState, api, links } = this.options;
    this.regions = regions;
    this.busPolicies.load(resources);
    this.calls.declare(resources);
    this.buses = resources.filter(({ type }) => type === 'AWS::Events::EventBus').map(({ region, physicalId, properties }) => ({ region, name: String(properties.Name ?? physicalId) }));
    const routing = { regions, resources, alarmState, minuteMs };
    this.routings = new Map(globalEndpoints(resources, accountId).map((endpoint) => [endpoint.id, new EndpointRouting(endpoint, routing)]));
    const rules = fabricRules(resources, accountId);
    for (const rule of rules) for (const target of rule.targets) this.lines.set(`${rule.arn} ${target.id}`, { rule, target, line: this.line(rule, target) });
    this.intakes = regions.map((region) => new Intake(api, region, accountId, (ruleArn, targetId, event) => this.receive(ruleArn, targetId, event)));
    await Promise.all(this.intakes.map((intake, index) => intake.open(rules.filter((rule) => rule.region === regions[index].name))));
    for (const rule of rules) this.schedule(rule);
    links.onChange(() => this.wake());
    for (const region of regions) region.onChange(() => this.wake());
  }

  public status(): BusStatus[] {
    const lines = [...this.lines.values()];
    return this.buses.map(({ region, name }) => {
      const own = lines.filter(({ rule }) => rule.region === region && rule.bus === name);
      const deadLetters = [...new Set(own.flatMap(({ target }) => target.deadLetterArn?.split(':').pop() ?? []))];
      return {
        region, name, ...this.trafficOf(region),
        deadLetters: deadLetters.reduce((sum, queue) => sum + this.options.queueDepth(region, queue), 0),
        waiting: own.reduce((sum, { line }) => sum + line.size, 0) + [...this.replications].reduce((sum, [key, line]) => sum + (key.endsWith(` ${region}`) ? line.size : 0), 0),
      };
    });
  }

  /** Dead-letter queues of rules, by region and name. */
  public deadLetterQueues(): { region: string; queueName: string }[] {
    return [...this.lines.values()].flatMap(({ rule, target }) => (target.deadLetterArn ? [{ region: rule.region, queueName: target.deadLetterArn.split(':').pop()! }] : []));
  }

  public targets(): { arn: string; throttled: boolean }[] {
    const arns = new Set([...this.lines.values()].map(({ target }) => target.arn));
    return [...arns].map((arn) => ({ arn, throttled: this.throttled.has(arn) }));
  }

  public throttle(arn: string, throttled: boolean): boolean {
    if (!this.targets().some((target) => target.arn === arn)) return false;
    if (throttled) this.throttled.add(arn);
    else this.throttled.delete(arn);
    this.wake();
    return true;
  }

  public async close(): Promise<void> {
    this.timers.forEach((timer) => clearInterval(timer));
    for (const { line } of this.lines.values()) line.close();
    for (const line of this.replications.values()) line.close();
    await Promise.all(this.intakes.map((intake) => intake.close()));
  }

  private receive(ruleArn: string, targetId: string, event: BusEvent): void {
    const found = this.lines.get(`${ruleArn} ${targetId}`);
    if (!found) return;
    this.metrics.matched(found.rule);
    found.line.push(event);
  }

  private line(rule: FabricRule, target: RuleTarget): DeliveryLine {
    const by = { region: rule.region, ruleArn: rule.arn };
    return new DeliveryLine({
      policy: target.policy,
      runs: () => this.runs(rule.region),
      send: async (events) => (this.throttled.has(target.arn) ? events.map(() => throttling(target.arn)) : this.senders.send(by, target, events)),
      attempted: (outcome, { attempts, since }) => this.metrics.attempted(rule, outcome, attempts, since),
      giveUp: async (given) => this.metrics.failed(rule, await toDeadLetters(this.options.api, this.rights, rule, target, given)),
    });
  }

  private schedule(rule: FabricRule): void {
    if (rule.everySeconds === undefined) return;
    const fire = (): void => {
      // A region that is stopped fires nothing, and nothing afterwards for the time in between.
      if (!this.runs(rule.region)) return;
      const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const event = { 'version': '0', 'id': randomUUID(), 'detail-type': 'Scheduled Event', 'source': 'aws.events', 'account': this.options.accountId, time, 'region': rule.region, 'resources': [rule.arn], 'detail': {} };
      for (const { id } of rule.targets) this.receive(rule.arn, id, event);
    };
    this.timers.push(setInterval(fire, rule.everySeconds / 60 * this.options.minuteMs));
  }

  /** Events that came through an endpoint go to the other region's bus too, by rules of AWS's own: without a dead-letter queue. */
  private replicate(endpoint: GlobalEndpoint, from: string, entries: readonly PutEntry[]): void {
    const routing = this.routings.get(endpoint.id)!;
    const to = routing.regions.find((region) => region !== from);
    if (!routing.replicates || to === undefined) return;
    const line = this.replication(endpoint, routing, from, to);
    for (const entry of entries) {
      line.push({ 'id': randomUUID(), 'source': entry.Source ?? '', 'detail-type': entry.DetailType ?? '', 'detail': JSON.parse(entry.Detail ?? '{}'), 'resources': entry.Resources });
    }
  }

  private replication(endpoint: GlobalEndpoint, routing: EndpointRouting, from: string, to: string): DeliveryLine {
    const key = `${endpoint.id} ${from}`;
    const known = this.replications.get(key);
    if (known) return known;
    const name = `GlobalEndpointManagedRule-${endpoint.name}`;
    const arn = `arn:aws:events:${from}:${this.options.accountId}:rule/${routing.bus}/${name}`;
    const rule: FabricRule = { region: from, bus: routing.bus, name, arn, targets: [] };
    const busArn = `arn:aws:events:${to}:${this.options.accountId}:event-bus/${routing.bus}`;
    const { roleArn } = routing;
    // IAM is one for all regions on AWS; here the role is known to the emulator of its stack, and what that one said last holds while it is stopped.
    let refusal: Refusal = roleArn === undefined ? { code: 'NO_PERMISSIONS', message: 'the endpoint has no role' } : undefined;
    const line = new DeliveryLine({
      policy: retryPolicyOf(undefined),
      runs: () => this.runs(from),
      send: async (events) => {
        if (roleArn !== undefined && this.runs(endpoint.region)) refusal = await this.rights.role({ region: endpoint.region, ruleArn: arn }, roleArn, 'events:PutEvents', busArn);
        const denied = refusal;
        if (denied) return events.map((): Outcome => ({ kind: 'failed', ...denied, retriable: false }));
        return this.senders.putAcross(from, to, routing.bus, events);
      },
      attempted: (outcome, { attempts, since }) => this.metrics.attempted(rule, outcome, attempts, since),
      giveUp: async () => this.metrics.failed(rule, 'none'),
    });
    this.replications.set(key, line);
    return line;
  }

  private wake(): void {
    for (const { line } of this.lines.values()) line.wake();
    for (const line of this.replications.values()) line.wake();
  }

  private runs(region: string): boolean {
    return this.regions.find(({ name }) => name === region)?.state === 'running';
  }

  private crossed(from: string, to: string, count: number): void {
    this.trafficOf(from).sent += count;
    this.trafficOf(to).received += count;
  }

  private trafficOf(region: string): { sent: number; received: number } {
    const known = this.traffic.get(region) ?? { sent: 0, received: 0 };
    this.traffic.set(region, known);
    return known;
  }
}

function throttling(arn: string): Outcome {
  return { kind: 'failed', code: 'THROTTLING', message: `${arn} is throttled by the local run`, retriable: true };
}

import { randomUUID } from 'node:crypto';
import { BusPolicies } from './bus-policies';
import { toDeadLetters } from './dead-letters';
import { DeliveryLine, type BusEvent } from './delivery-line';
import { EndpointRouting, globalEndpoints } from './endpoints';
import { EventCalls } from './event-calls';
import { EventMetrics } from './event-metrics';
import { Intake } from './intake';
import { Replication } from './replication';
import type { DeliveryOutcome } from './retry';
import { Rights } from './rights';
import { fabricRules, type FabricRule, type RuleTarget } from './rules';
import { Senders } from './senders';
import type { AlarmState, BusStatus, FabricResource, Links, RegionHandle } from '../ground/model';
import type { Policies } from '../iam/policies';
import type { MetricStore } from '../metrics/store';
import { AwsApi } from '../network/aws-api';
import type { EngineDirectory } from '../network/network';

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

interface TargetLine {
  readonly rule: FabricRule;
  readonly target: RuleTarget;
  readonly line: DeliveryLine;
}

/** What EventBridge does and the emulator does not: deliveries with retries and dead-letter queues, across regions too. */
export class Buses {
  /** For the proxies. */
  public readonly calls: EventCalls;
  private readonly busPolicies: BusPolicies;
  private readonly rights: Rights;
  private readonly senders: Senders;
  private readonly metrics: EventMetrics;
  private readonly lines = new Map<string, TargetLine>();
  private replications: Replication[] = [];
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
      accountId,
      busPolicies: this.busPolicies,
      activeRegion: (endpoint) => this.routings.get(endpoint.id)?.active(),
    });
  }

  /** Takes over once everything is deployed. */
  public async open(resources: readonly FabricResource[], regions: readonly RegionHandle[]): Promise<void> {
    const { accountId, minuteMs, alarmState, api, links } = this.options;
    this.regions = regions;
    this.busPolicies.load(resources);
    this.calls.declare(resources);
    this.buses = resources
      .filter(({ type }) => type === 'AWS::Events::EventBus')
      .map(({ region, physicalId, properties }) => ({ region, name: String(properties.Name ?? physicalId) }));
    const routing = { regions, resources, alarmState, minuteMs };
    const endpoints = globalEndpoints(resources, accountId);
    this.routings = new Map(endpoints.map((endpoint) => [endpoint.id, new EndpointRouting(endpoint, routing)]));
    const { rights, senders } = this;
    const runs = (region: string): boolean => this.runs(region);
    this.replications = endpoints.map(
      (endpoint) => new Replication({ endpoint, routing: this.routings.get(endpoint.id)!, rights, senders, accountId, runs }),
    );
    const rules = [...fabricRules(resources, accountId), ...this.replications.flatMap((replication) => replication.rules)];
    for (const rule of rules) {
      for (const target of rule.targets) this.lines.set(`${rule.arn} ${target.id}`, { rule, target, line: this.line(rule, target) });
    }
    this.intakes = regions.map(
      (region) => new Intake(api, region, accountId, (ruleArn, targetId, event) => this.receive(ruleArn, targetId, event)),
    );
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
        region,
        name,
        ...this.trafficOf(region),
        deadLetters: deadLetters.reduce((sum, queue) => sum + this.options.queueDepth(region, queue), 0),
        waiting: own.reduce((sum, { line }) => sum + line.size, 0),
      };
    });
  }

  /** Dead-letter queues of rules, by region and name. */
  public deadLetterQueues(): { region: string; queueName: string }[] {
    return [...this.lines.values()].flatMap(({ rule, target }) =>
      target.deadLetterArn ? [{ region: rule.region, queueName: target.deadLetterArn.split(':').pop()! }] : [],
    );
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
    await Promise.all(this.intakes.map((intake) => intake.close()));
  }

  private receive(ruleArn: string, targetId: string, event: BusEvent): void {
    const to = this.lines.get(`${ruleArn} ${targetId}`);
    if (!to) return;
    const replication = this.replications.find(({ rules }) => rules.includes(to.rule));
    if (replication) void this.senders.cameAcross(to.rule.region, event.id).then((came) => (came ? undefined : this.take(to, event)));
    else this.take(to, event);
  }

  private take({ rule, line }: TargetLine, event: BusEvent): void {
    this.metrics.matched(rule);
    line.push(event);
  }

  private line(rule: FabricRule, target: RuleTarget): DeliveryLine {
    const by = { region: rule.region, ruleArn: rule.arn };
    const replication = this.replications.find(({ rules }) => rules.includes(rule));
    const sender = replication ?? this.senders;
    return new DeliveryLine({
      policy: target.policy,
      runs: () => this.runs(rule.region),
      send: async (events) => (this.throttled.has(target.arn) ? events.map(() => throttling(target.arn)) : sender.send(by, target, events)),
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
      const event = {
        version: '0',
        id: randomUUID(),
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        account: this.options.accountId,
        time,
        region: rule.region,
        resources: [rule.arn],
        detail: {},
      };
      for (const { id } of rule.targets) this.receive(rule.arn, id, event);
    };
    this.timers.push(setInterval(fire, (rule.everySeconds / 60) * this.options.minuteMs));
  }

  private wake(): void {
    for (const { line } of this.lines.values()) line.wake();
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

function throttling(arn: string): DeliveryOutcome {
  return { kind: 'failed', code: 'THROTTLING', message: `${arn} is throttled by the local run`, retriable: true };
}

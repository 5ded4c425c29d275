import type { HealthCheckSpec } from './records';

/** One look at an endpoint, as a Route 53 checker takes it. */
export type Probe = (check: HealthCheckSpec) => Promise<{ readonly ok: boolean; readonly reason: string }>;

export interface HealthDeps {
  readonly checks: readonly HealthCheckSpec[];
  readonly probe: Probe;
  readonly now: () => number;
  /** State of a CloudWatch alarm; undefined while nothing knows it. */
  readonly alarmState?: (region: string, name: string) => string | undefined;
  /** Where the states go as datapoints, and how often. */
  readonly publish?: { readonly everyMs: number; put(id: string, healthy: boolean): void };
}

export interface HealthStatus {
  readonly healthy: boolean;
  readonly reason: string;
  readonly since: number;
}

/** Checkers per endpoint. AWS has about sixteen; three show that they disagree for a while, at a fifth of the calls. */
const checkersPerEndpoint = 3;
/** An endpoint is healthy while more than this share of its checkers says so. */
const healthyShare = 0.18;

/** The opinion of one checker: it changes after `failureThreshold` equal looks in a row, in both directions. */
export class Checker {
  public healthy = true;
  public reason = 'not looked at yet';
  /** Epoch milliseconds of the last look. */
  public lookedAt = 0;
  private contrary = 0;

  constructor(private readonly failureThreshold: number) {}

  public saw(result: { ok: boolean; reason: string }): void {
    this.reason = result.reason;
    this.contrary = result.ok === this.healthy ? 0 : this.contrary + 1;
    if (this.contrary >= this.failureThreshold) {
      this.healthy = result.ok;
      this.contrary = 0;
    }
  }
}

/** All health checks of the run: endpoints are really asked, at the template's interval and threshold. */
export class HealthChecks {
  private readonly byId: ReadonlyMap<string, HealthCheckSpec>;
  private readonly checkers = new Map<string, Checker[]>();
  private readonly since = new Map<string, { healthy: boolean; at: number }>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly deps: HealthDeps) {
    this.byId = new Map(deps.checks.map((check) => [check.id, check]));
    for (const check of deps.checks.filter(looksAtEndpoint)) {
      this.checkers.set(
        check.id,
        Array.from({ length: checkersPerEndpoint }, () => new Checker(check.failureThreshold)),
      );
    }
  }

  /** Starts looking, each endpoint's checkers spread over the interval as they are on AWS. */
  public start(): void {
    const { publish } = this.deps;
    if (publish) {
      this.timers.push(setInterval(() => [...this.byId.keys()].forEach((id) => publish.put(id, this.healthy(id))), publish.everyMs));
    }
    for (const [id, checkers] of this.checkers) {
      const check = this.byId.get(id) as HealthCheckSpec;
      if (check.disabled) continue;
      const interval = check.intervalSeconds * 1000;
      checkers.forEach((checker, index) => {
        const look = () => void this.look(check, checker);
        this.timers.push(
          setTimeout(
            () => {
              look();
              this.timers.push(setInterval(look, interval));
            },
            (index * interval) / checkers.length,
          ),
        );
      });
    }
  }

  public stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.length = 0;
  }

  public healthy(id: string): boolean {
    return this.status(id).healthy;
  }

  public spec(id: string): HealthCheckSpec | undefined {
    return this.byId.get(id);
  }

  public status(id: string): HealthStatus {
    const check = this.byId.get(id);
    if (!check) return { healthy: true, reason: 'no such health check in the templates: counts as healthy', since: 0 };
    const { healthy, reason } = this.judge(check);
    const known = this.since.get(id);
    if (known && known.healthy === healthy) return { healthy, reason, since: known.at };
    const at = this.deps.now();
    this.since.set(id, { healthy, at });
    return { healthy, reason, since: at };
  }

  /** What each checker of an endpoint says; undefined for a check that is not known, or looks at no endpoint. */
  public observations(id: string): readonly { readonly healthy: boolean; readonly reason: string; readonly at: number }[] | undefined {
    return this.checkers.get(id)?.map(({ healthy, reason, lookedAt }) => ({ healthy, reason, at: lookedAt }));
  }

  private judge(check: HealthCheckSpec): { healthy: boolean; reason: string } {
    // Route 53 counts a disabled check as healthy; only inverting turns that round.
    const finding = check.disabled ? { healthy: true, reason: 'disabled' } : this.find(check);
    return check.inverted ? { healthy: !finding.healthy, reason: `${finding.reason} (inverted)` } : finding;
  }

  private find(check: HealthCheckSpec): { healthy: boolean; reason: string } {
    const checkers = this.checkers.get(check.id);
    if (checkers) {
      const agree = checkers.filter((checker) => checker.healthy).length;
      const spokesman = checkers.find((checker) => checker.healthy === agree > 0) ?? checkers[0];
      return { healthy: agree / checkers.length > healthyShare, reason: `${agree} of ${checkers.length} checkers: ${spokesman.reason}` };
    }
    if (check.type === 'CALCULATED') {
      const healthy = check.children.filter((child) => child !== check.id && this.healthy(child)).length;
      return {
        healthy: healthy >= check.healthThreshold,
        reason: `${healthy} of ${check.children.length} healthy, ${check.healthThreshold} needed`,
      };
    }
    if (check.type === 'CLOUDWATCH_METRIC') return this.byAlarm(check);
    return { healthy: true, reason: `checks of type ${check.type} are not made here: counts as healthy` };
  }

  private byAlarm(check: HealthCheckSpec): { healthy: boolean; reason: string } {
    const state = check.alarm && this.deps.alarmState?.(check.alarm.region, check.alarm.name);
    if (state === 'OK' || state === 'ALARM') return { healthy: state === 'OK', reason: `alarm ${check.alarm?.name} is in state ${state}` };
    return {
      healthy: check.insufficientData !== 'Unhealthy',
      reason: `alarm ${check.alarm?.name ?? 'unknown'} has no data: ${check.insufficientData}`,
    };
  }

  private async look(check: HealthCheckSpec, checker: Checker): Promise<void> {
    const result = await this.deps.probe(check).catch((error: Error) => ({ ok: false, reason: error.message }));
    checker.saw(result);
    checker.lookedAt = this.deps.now();
    // Notes the moment of a change even while nobody asks.
    this.status(check.id);
  }
}

function looksAtEndpoint(check: HealthCheckSpec): boolean {
  return /^(HTTPS?|TCP)(_STR_MATCH)?$/.test(check.type);
}

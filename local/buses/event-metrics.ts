import type { DeliveryOutcome } from './retry';
import type { FabricRule } from './rules';
import type { MetricStore } from '../metrics/store';

/** What EventBridge tells CloudWatch of its rules, with each of its sets of dimensions. */
export class EventMetrics {
  constructor(
    private readonly store: MetricStore,
    private readonly now: () => number = Date.now,
  ) {}

  public matched(rule: FabricRule): void {
    this.put(rule, 'MatchedEvents', 1);
    this.put(rule, 'TriggeredRules', 1);
  }

  public attempted(rule: FabricRule, outcome: DeliveryOutcome, attempts: number, sinceMs: number): void {
    const now = this.now();
    if (attempts === 0) this.put(rule, 'IngestionToInvocationStartLatency', now - sinceMs);
    else this.put(rule, 'RetryInvocationAttempts', 1);
    this.put(rule, 'InvocationAttempts', 1);
    if (outcome.kind === 'failed') return;
    this.put(rule, 'Invocations', 1);
    this.put(rule, 'SuccessfulInvocationAttempts', 1);
    this.put(rule, 'IngestionToInvocationCompleteLatency', now - sinceMs);
    this.put(rule, 'IngestionToInvocationSuccessLatency', now - sinceMs);
  }

  public failed(rule: FabricRule, deadLetter: 'sent' | 'lost' | 'none'): void {
    this.put(rule, 'Invocations', 1);
    this.put(rule, 'FailedInvocations', 1);
    if (deadLetter === 'sent') this.put(rule, 'InvocationsSentToDlq', 1);
    if (deadLetter === 'lost') this.put(rule, 'InvocationsFailedToBeSentToDlq', 1);
  }

  private put({ region, name: RuleName, bus: EventBusName }: FabricRule, name: string, value: number): void {
    for (const dimensions of [{}, { RuleName }, { EventBusName }, { EventBusName, RuleName }]) {
      this.store.put({ region, namespace: 'AWS/Events', name, dimensions: dimensions as Record<string, string> }, value, this.now());
    }
  }
}

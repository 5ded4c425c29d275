import type { CopyRule, DocumentBucket } from './bucket';
import type { CopyMeasures } from './copier';
import { copyMetrics } from '../../src/documents/contract';
import type { MetricStore } from '../metrics/store';

/** What S3 publishes of its rules: lateness where copies arrive, failures where they leave. */
export function copyMeasures(
  store: Pick<MetricStore, 'put'>,
  regionOf: (bucket: string) => string | undefined,
  nowMs: () => number,
): CopyMeasures {
  const put = (region: string | undefined, name: string, from: DocumentBucket, rule: CopyRule, value: number): void => {
    if (region === undefined) return;
    const dimensions = { SourceBucket: from.name, DestinationBucket: rule.destination, RuleId: rule.id };
    store.put({ region, namespace: copyMetrics.namespace, name, dimensions }, value, nowMs());
  };
  return {
    waiting: (from, rule, seconds, bytes) => {
      const region = regionOf(rule.destination);
      put(region, copyMetrics.latency, from, rule, seconds);
      put(region, copyMetrics.bytesPending, from, rule, bytes);
    },
    failed: (from, rule) => put(from.region, copyMetrics.failed, from, rule, 1),
  };
}

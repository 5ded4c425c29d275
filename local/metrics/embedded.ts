/** A value from a log line in CloudWatch's embedded metric format. */
export interface EmbeddedSample {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  /** Epoch milliseconds. */
  readonly at: number;
}

interface Directive {
  Namespace?: unknown;
  Dimensions?: unknown;
  Metrics?: unknown;
}

/**
 * All samples of one log line; none when it is not in the format.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function embeddedSamples(line: string, loggedAt: number): EmbeddedSample[] {
  // What a runtime writes before the JSON (time, request ID) is no part of it.
  const start = line.indexOf('{');
  if (start < 0 || !line.includes('"CloudWatchMetrics"')) return [];
  const root = parse(line.slice(start));
  const metadata = root?._aws as { Timestamp?: unknown; CloudWatchMetrics?: unknown } | undefined;
  if (!root || !Array.isArray(metadata?.CloudWatchMetrics)) return [];
  const at = typeof metadata.Timestamp === 'number' ? metadata.Timestamp : loggedAt;
  return (metadata.CloudWatchMetrics as Directive[]).flatMap((directive) => samplesOf(directive, root, at));
}

function samplesOf(
  { Namespace: namespace, Dimensions: sets, Metrics: metrics }: Directive,
  root: Record<string, unknown>,
  at: number,
): EmbeddedSample[] {
  if (typeof namespace !== 'string' || !Array.isArray(metrics)) return [];
  const dimensionSets = Array.isArray(sets) ? (sets as string[][]) : [[]];
  return (metrics as { Name?: unknown }[]).flatMap(({ Name: name }) => {
    const given = root[String(name)];
    const values = (Array.isArray(given) ? given : [given]).filter((value): value is number => typeof value === 'number');
    if (typeof name !== 'string' || values.length === 0) return [];
    return dimensionSets.flatMap((keys) => {
      const dimensions = Object.fromEntries(keys.map((key) => [key, root[key]]));
      // A dimension without a value makes CloudWatch drop the set.
      if (Object.values(dimensions).some((value) => typeof value !== 'string' && typeof value !== 'number')) return [];
      return [
        {
          namespace,
          name,
          values,
          at,
          dimensions: Object.fromEntries(Object.entries(dimensions).map(([key, value]) => [key, String(value)])),
        },
      ];
    });
  });
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

import { LogItem, Logger } from '@aws-lambda-powertools/logger';
import type { ConstructorOptions } from '@aws-lambda-powertools/logger/types';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Environment, regionOf } from '../kernel/env';
import { systemMetrics } from '../kernel/system-metrics';

/** A fault as it is logged: what it was and where, never the data it was about. */
export interface FaultRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Whose function this is. */
export interface TelemetryOptions {
  readonly systemName: string;
  readonly region: string;
  /** The function's role, such as `payments`. */
  readonly service: string;
  /** Dimensions of its metrics besides system and region. */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** Where a line goes; default the function's log. */
  readonly write?: (line: string) => void;
}

/** The logger with its lines going where it is told. */
class LineLogger extends Logger {
  constructor(
    options: ConstructorOptions,
    private readonly write?: (line: string) => void,
  ) {
    super(options);
  }

  protected override printLog(level: number, item: LogItem): void {
    if (!this.write) return super.printLog(level, item);
    item.prepareForPrint();
    this.write(JSON.stringify(item.getAttributes()));
  }
}

/**
 * One structured line for each request, which carries the request's metrics too (embedded metric format): CloudWatch counts what
 * it finds in `_aws`. Counts are kept between two lines; a function works on one request at a time.
 */
export class Telemetry {
  private readonly logger: Logger;
  private readonly metrics: Metrics;
  private counts = new Map<string, number>();

  constructor(options: TelemetryOptions) {
    const persistentLogAttributes = { system: options.systemName, region: options.region };
    this.logger = new LineLogger({ serviceName: options.service, logLevel: 'INFO', persistentLogAttributes }, options.write);
    this.metrics = new Metrics({ namespace: systemMetrics.namespace, serviceName: options.service });
    // Alarms look for exactly these dimensions: the library's own `service` would make another metric.
    this.metrics.clearDefaultDimensions();
    this.metrics.setDefaultDimensions({
      [systemMetrics.systemDimension]: options.systemName,
      [systemMetrics.regionDimension]: options.region,
      ...options.dimensions,
    });
  }

  /** Counts something that happens while a request is worked on; it goes out with the request's line. */
  public count(metric: string, by = 1): void {
    this.counts.set(metric, (this.counts.get(metric) ?? 0) + by);
  }

  /** Writes a line with a measured time, by one dimension more than the function's own. */
  public measure(
    metric: string,
    milliseconds: number,
    dimension: { readonly name: string; readonly value: string },
    message: string,
  ): void {
    this.metrics.addDimension(dimension.name, dimension.value);
    this.metrics.addMetric(metric, MetricUnit.Milliseconds, milliseconds);
    const embedded = this.metrics.serializeMetrics();
    this.metrics.clearMetrics();
    this.metrics.clearDimensions();
    this.logger.info(message, { ...embedded });
  }

  /** How often it was counted since the last line. */
  public counted(metric: string): number {
    return this.counts.get(metric) ?? 0;
  }

  /** Writes the request's line: as an error when there is a fault. */
  public record(message: string, fields: Readonly<Record<string, unknown>>, fault?: FaultRecord): void {
    const line = { ...fields, ...this.embeddedMetrics() };
    this.counts = new Map();
    if (fault) this.logger.error(message, { ...line, fault });
    else this.logger.info(message, line);
  }

  private embeddedMetrics(): Readonly<Record<string, unknown>> {
    if (this.counts.size === 0) return {};
    for (const [name, value] of this.counts) this.metrics.addMetric(name, MetricUnit.Count, value);
    const embedded = this.metrics.serializeMetrics();
    this.metrics.clearMetrics();
    return { ...embedded };
  }
}

/** A thrown value as a record. The message of a fault in the SDK names resources, so it stays in the log. */
export function faultRecord(thrown: unknown): FaultRecord {
  if (thrown instanceof Error) return { name: thrown.name, message: thrown.message, stack: thrown.stack };
  return { name: typeof thrown, message: String(thrown) };
}

/** A function's telemetry, from its environment. */
export function telemetryOf(source: Environment, service: string, systemName: string): Telemetry {
  return new Telemetry({ systemName, region: regionOf(source), service });
}

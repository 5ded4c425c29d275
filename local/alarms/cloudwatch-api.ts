import { statistic } from './evaluate';
import type { AlarmStatus } from '../ground/model';
import type { MetricStore } from '../metrics/store';
import {
  jsonAnswer,
  jsonInput,
  jsonRefusal,
  type FabricService,
  type ServiceAnswer,
  type ServiceCall,
  type ServiceRouting,
} from '../services/services';

export interface CloudWatchApiOptions {
  readonly accountId: string;
  readonly minuteMs: number;
  readonly store: MetricStore;
  readonly alarms: () => readonly AlarmStatus[];
  readonly now?: () => number;
}

/** What the fabric knows better than the emulators: states of alarms, and metrics. */
export class CloudWatchApi implements FabricService {
  private readonly now: () => number;

  constructor(private readonly options: CloudWatchApiOptions) {
    this.now = options.now ?? Date.now;
  }

  public route({ region, operation, body }: ServiceCall): ServiceRouting | undefined {
    const calls: Readonly<Record<string, (input: Record<string, any>) => ServiceAnswer>> = {
      DescribeAlarms: (input) => this.describeAlarms(region, input),
      GetMetricData: (input) => this.metricData(region, input),
    };
    const call = calls[operation ?? ''];
    // Both are granted on every resource or not at all, where alarms are asked for by type.
    return call && { region, needs: [{ action: `cloudwatch:${operation}`, resource: '*' }], answer: () => call(jsonInput(body)) };
  }

  private describeAlarms(region: string, input: Record<string, any>): ServiceAnswer {
    const names = input.AlarmNames as string[] | undefined;
    const types = (input.AlarmTypes as string[] | undefined) ?? ['MetricAlarm'];
    const alarms = this.options
      .alarms()
      .filter(
        (alarm) =>
          alarm.region === region &&
          (names?.includes(alarm.name) ?? alarm.name.startsWith(String(input.AlarmNamePrefix ?? ''))) &&
          (!input.StateValue || input.StateValue === alarm.state),
      );
    const alarmsOfKind = (composite: boolean): object[] =>
      (types.includes(composite ? 'CompositeAlarm' : 'MetricAlarm')
        ? alarms.filter((alarm) => (alarm.composite ?? false) === composite)
        : []
      ).map(({ name, state, reason, since, description }) => ({
        AlarmName: name,
        AlarmDescription: description,
        AlarmArn: `arn:aws:cloudwatch:${region}:${this.options.accountId}:alarm:${name}`,
        StateValue: state,
        StateReason: reason,
        StateUpdatedTimestamp: Date.parse(since) / 1000,
      }));
    return jsonAnswer({ MetricAlarms: alarmsOfKind(false), CompositeAlarms: alarmsOfKind(true) });
  }

  /** The minutes that are asked for are the latest ones, each as long as a minute is here. */
  private metricData(region: string, input: Record<string, any>): ServiceAnswer {
    const queries = (input.MetricDataQueries ?? []) as Record<string, any>[];
    if (queries.some(({ MetricStat }) => !MetricStat)) {
      return jsonRefusal('ValidationError', 'the local run answers MetricStat, not metric math');
    }
    const newestFirst = input.ScanBy !== 'TimestampAscending';
    return jsonAnswer({
      Messages: [],
      MetricDataResults: queries.map(({ Id, Label, MetricStat: { Metric, Period, Stat } }) => {
        const dimensions = Object.fromEntries(
          ((Metric.Dimensions ?? []) as { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]),
        );
        const metric = { region, namespace: Metric.Namespace, name: Metric.MetricName, dimensions };
        const points = this.points(metric, Number(Period), Stat, epoch(input.StartTime), epoch(input.EndTime));
        if (!newestFirst) points.reverse();
        return {
          Id,
          Label: Label ?? Metric.MetricName,
          StatusCode: 'Complete',
          Timestamps: points.map(({ at }) => at),
          Values: points.map(({ value }) => value),
        };
      }),
    });
  }

  private points(
    metric: Parameters<MetricStore['values']>[0],
    period: number,
    stat: string,
    start: number,
    end: number,
  ): { at: number; value: number }[] {
    const lengthMs = (period / 60) * this.options.minuteMs;
    const last = Math.floor(this.now() / lengthMs) * lengthMs;
    const points: { at: number; value: number }[] = [];
    for (let back = 0; back < Math.round((end - start) / period); back += 1) {
      // The period that has begun counts as the newest one: what asks rounds down to a minute that is long over here.
      const from = last - back * lengthMs;
      const values = this.options.store.values(metric, from, from + lengthMs);
      if (values.length > 0) points.push({ at: end - (back + 1) * period, value: statistic(stat, values)! });
    }
    return points;
  }
}

function epoch(value: unknown): number {
  return typeof value === 'number' ? value : Date.parse(String(value)) / 1000;
}

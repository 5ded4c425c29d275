import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { templatesOf } from './dashboards';
import { configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';

/** docs/alarms.md, of the examples' templates: `UPDATE_ALARMS=1 npx jest test/examples/alarm-list` writes it. */
const file = path.join(__dirname, '..', '..', 'docs', 'alarms.md');

/**
 * Entries of the runbook whose alarm can wait for the morning: payments are taken, and nothing gets lost by then. All others are for the
 * pager.
 */
const tickets: readonly string[] = [
  'a-canary-is-slow',
  'a-region-drill-is-overdue',
  'approval-sampler-silent',
  'busy-accounts',
  'consumer-dead-letters',
  'documents-late',
  'documents-waiting',
  'edge-origin-latency',
  'events-endpoint',
  'events-strays',
  'peer-late',
  'stuck-approval',
  'sweep-age',
  'trim-failures',
  'write-conflicts',
];

interface MetricStat {
  readonly Metric: { readonly MetricName: string };
  readonly Stat: string;
  readonly Period: number;
}

interface Alarm {
  readonly AlarmDescription?: unknown;
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly DatapointsToAlarm?: number;
  readonly EvaluationPeriods: number;
  readonly MetricName?: string;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly { readonly MetricStat?: MetricStat }[];
}

const signs: Readonly<Record<string, string>> = { GreaterThanOrEqualToThreshold: '>=', GreaterThanThreshold: '>', LessThanThreshold: '<' };

/** The construct that made it: its logical ID without the hash and without a region. */
const idOf = (id: string): string => id.replace(/[0-9A-F]{8}$/, '').replace(/(useast1|uswest2|eucentral1)$/, '');

/** One line of the table. */
function rowOf(id: string, alarm: Alarm): { readonly anchor: string; readonly row: string } | undefined {
  const anchor = /runbook\.md#([a-z-]+)/.exec(JSON.stringify(alarm.AlarmDescription ?? ''))?.[1];
  // Those of the example itself, by which a cutover goes: the constructs' own say the same.
  if (anchor === undefined) return undefined;
  const stats = (alarm.Metrics ?? []).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat] : []));
  const one = `${alarm.MetricName} ${alarm.Statistic ?? alarm.ExtendedStatistic}`;
  const metrics = alarm.MetricName === undefined ? stats.map(({ Metric, Stat }) => `${Metric.MetricName} ${Stat}`) : [one];
  const period = alarm.Period ?? stats[0].Period;
  const times = `${alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods} of ${alarm.EvaluationPeriods} times ${period} s`;
  const title = anchor.replace(/-/g, ' ');
  return {
    anchor,
    row:
      `| \`${idOf(id)}\` | [${title}](runbook.md#${anchor}) | ${[...new Set(metrics)].sort().join(', ')} ` +
      `| ${signs[alarm.ComparisonOperator]} ${alarm.Threshold}, ${times} | ${tickets.includes(anchor) ? 'ticket' : 'page'} |`,
  };
}

const rows = [
  (app: App) => defineSystem(app, configOf('STRONG')),
  (app: App) => defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf('drill', 'BY_HAND'))),
  (app: App) => defineSystem(app, configOf('HOME_REGION', 'GLOBAL_ENDPOINT')),
  (app: App) => defineMigration(app, migrationOf('FULL')),
]
  .flatMap((define) => templatesOf(define))
  .flatMap(({ template }) => Object.entries(template.findResources('AWS::CloudWatch::Alarm')))
  .flatMap(([id, { Properties }]) => rowOf(id, Properties as Alarm) ?? []);

const document = [
  '# All alarms',
  '',
  'Written by `UPDATE_ALARMS=1 npx jest test/examples/alarm-list` from the templates of both examples, also with drills by faults, ' +
    "with the defaults of the constructs. The first column is the beginning of the alarm's logical ID in",
  "its stack; CloudFormation makes the alarm's name of it. A **page** says that callers are harmed, or " +
    'that something is lost before the morning. Look at a **ticket** in working hours. By default',
  '[no person is told](runbook.md#runbook) of either: the examples send both to one topic in each region, without a subscription.',
  '',
  '| alarm | entry | metric | raised at | for |',
  '|---|---|---|---|---|',
  ...[...new Set(rows.map(({ row }) => row))].sort(),
  '',
].join('\n');

test('docs/alarms.md has every alarm of the examples as it is', () => {
  if (process.env.UPDATE_ALARMS) writeFileSync(file, document);
  expect(rows.length).toBeGreaterThan(50);
  expect(readFileSync(file, 'utf8')).toBe(document);
});

test('what is for working hours is an alarm', () => {
  expect(tickets.filter((anchor) => !rows.some((row) => row.anchor === anchor))).toEqual([]);
});

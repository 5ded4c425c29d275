import { readFileSync } from 'fs';
import path from 'path';
import { Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { ActiveActivePaymentsApi, LedgerReplica, PaymentsAlarmOptions, PaymentsAuthorization } from '../../src/index';
import { newStack, regions } from '../cdk/stacks';

const root = path.join(__dirname, '..', '..');

function alarmsOf(alarms?: PaymentsAlarmOptions, stack = newStack()): Record<string, Record<string, any>> {
  new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions),
    authorization: PaymentsAuthorization.iam(),
    alarms,
  });
  return Object.fromEntries(
    Object.entries(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
      id.replace(/^ApiAlarms/, '').replace(/[0-9A-F]{8}$/, ''),
      Properties,
    ]),
  );
}

/** The anchors that GitHub gives a document's headings. */
function anchorsOf(file: string): string[] {
  return readFileSync(path.join(root, file), 'utf8')
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replace(/ /g, '-'),
    );
}

const alarms = alarmsOf();

test('thresholds are the documented ones', () => {
  const summary = Object.fromEntries(
    Object.entries(alarms).map(([id, alarm]) => [
      id,
      [alarm.Threshold, alarm.DatapointsToAlarm, alarm.EvaluationPeriods, alarm.TreatMissingData],
    ]),
  );
  expect(summary).toEqual({
    ServerErrors: [1, 3, 5, 'notBreaching'],
    Latency: [2000, 3, 5, 'notBreaching'],
    Throttles: [1, 3, 5, 'notBreaching'],
    Health: [1, 2, 5, 'notBreaching'],
    Takeovers: [10, 3, 5, 'notBreaching'],
    Conflicts: [100, 3, 5, 'notBreaching'],
    UnknownOutcomes: [5, 3, 5, 'notBreaching'],
    BusyAccounts: [1, 3, 5, 'notBreaching'],
    TrimFailures: [1, 1, 5, 'notBreaching'],
  });
});

test("each names system and region, and the runbook's entry, which exists", () => {
  const anchors = anchorsOf('docs/runbook.md');
  for (const { AlarmDescription } of Object.values(alarms)) {
    expect(AlarmDescription).toMatch(/^acme-pay in us-east-1: .+\. What to do: https:\/\/.+\/docs\/runbook\.md#[a-z-]+$/);
    expect(anchors).toContain((AlarmDescription as string).split('#')[1]);
  }
});

test("metrics of another region's dashboards do not creep in: every metric is this region's", () => {
  expect(JSON.stringify(alarms)).not.toContain('us-west-2');
  expect(alarms.Health).toMatchObject({ Namespace: 'MultiRegionPayments', MetricName: 'UnhealthyAnswers', Statistic: 'Sum' });
  expect(alarms.Latency).toMatchObject({ ExtendedStatistic: 'p99', MetricName: 'Latency' });
});

test('can be tuned, left out, and told to somebody', () => {
  const stack = newStack();
  const topic = new Topic(stack, 'OnCall');
  const tuned = alarmsOf(
    { actions: [new SnsAction(topic)], latency: { threshold: 500, minutes: 5 }, conflicts: { enabled: false } },
    stack,
  );
  expect(Object.keys(tuned)).toHaveLength(8);
  expect(tuned).not.toHaveProperty('Conflicts');
  expect(tuned.Latency).toMatchObject({ Threshold: 500, DatapointsToAlarm: 5 });
  for (const alarm of Object.values(tuned)) {
    expect(alarm.AlarmActions).toHaveLength(1);
    expect(alarm.OKActions).toBeUndefined();
  }
});

test.each<[string, PaymentsAlarmOptions]>([
  ["'alarms (Latency).minutes' is 6; allowed: 1 to 5 of the last five minutes", { latency: { minutes: 6 } }],
  ["'alarms (ServerErrors).threshold' is 0; allowed: more than 0", { serverErrors: { threshold: 0 } }],
])('%s', (message, options) => {
  expect(() => alarmsOf(options)).toThrow(message);
});

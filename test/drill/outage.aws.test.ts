import { callerAnswer } from './caller';
import { machineArn as stateMachineArn, plan, run } from './world';
import { drillEnv } from '../../src/drill/contract';
import { DrillCall, DrillStepResult } from '../../src/drill/machine/contract';
import type { DrillFacts } from '../../src/drill/model';
import { AwsCall, AwsReply, FakeAws, keepLog } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const region = 'us-west-2';
const begun: DrillFacts = { id: 'first', kind: 'drain', startedBy: 'ann', startedMs: 1_000, reasons: [] };

/** Answers in place of the usual one. */
let instead: (call: AwsCall) => AwsReply | undefined;
let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: region, ...drillEnv.write({ plan: JSON.stringify(plan), bucket: 'evidence', stateMachineArn }) });
  keepLog();
  instead = () => undefined;
  aws.answer = (call) => instead(call) ?? (call.service === 's3' ? { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' } : {});
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const asked = (name: string, step: DrillCall['step'], facts: DrillFacts = begun): Promise<DrillStepResult> => {
  const event: DrillCall = { step, run, request: { startedBy: 'ann' }, facts, fault: {} };
  const { answer } = aws;
  aws.answer = (call) => callerAnswer(call, event) ?? answer(call);
  return loadedHandler<DrillCall, DrillStepResult>(`drill/functions/${name}`)(event);
};

test('alarms of the other region are looked at while one is away, without those that this explains', async () => {
  let anchor = 'home-takeover';
  instead = ({ action }) =>
    action === 'DescribeAlarms'
      ? { body: { MetricAlarms: [{ AlarmName: 'risen', AlarmDescription: `acme-pay: it is so. What to do: docs/runbook.md#${anchor}` }] } }
      : undefined;
  const away = { ...begun, startedMs: Date.now(), takenMs: Date.now() };
  expect(await asked('look', 'watch', away)).toMatchObject({ outcome: 'again' });
  anchor = 'server-errors';
  expect(await asked('look', 'watch', away)).toMatchObject({
    outcome: 'failed',
    facts: { reasons: ['alarms of us-west-2 rose while us-east-1 was away: risen'] },
  });
  expect(new Set(aws.calls.filter(({ action }) => action === 'DescribeAlarms').map((call) => call.region))).toEqual(new Set([region]));
});

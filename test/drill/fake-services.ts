import { setTimeout as sleep } from 'node:timers/promises';
import { callerAnswer } from './caller';
import { machineArn, plan, run } from './world';
import { drillEnv } from '../../src/drill/contract';
import { DrillCall, DrillStepResult } from '../../src/drill/machine/contract';
import type { DrillFacts } from '../../src/drill/model';
import { AwsCall, AwsReply, FakeAws, keepLog } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';
import { turns } from '../turns';

export const region = 'us-west-2';
export const topicArn = `arn:aws:sns:${region}:111122223333:drills`;

export const begun: DrillFacts = { id: 'first', kind: 'drain', startedBy: 'ann', startedMs: 1_000, reasons: [] };
export const call = (step: DrillCall['step'], more: Partial<DrillCall> = {}): DrillCall => ({
  step,
  run,
  request: { startedBy: 'ann' },
  facts: begun,
  fault: {},
  ...more,
});

/** AWS as the drill's functions find it. */
export class FakeServices {
  /** What AWS keeps, by key in the bucket. */
  public readonly objects = new Map<string, string>();
  /** What the function wrote to its log. */
  public readonly lines: Record<string, any>[] = keepLog();
  /** What Step Functions says of who asks; undefined where nobody is looked up. */
  public asking?: (one: AwsCall) => AwsReply | undefined;

  private constructor(public readonly aws: FakeAws) {
    aws.answer = (one) =>
      this.asking?.(one) ?? this.instead(one) ?? this.bucketAnswer(one) ?? (one.action.endsWith('/invocations') ? { status: 202 } : {});
  }

  public static async start(): Promise<FakeServices> {
    const plans = { plan: JSON.stringify(plan), bucket: 'evidence', topicArn, stateMachineArn: machineArn, prober: 'acme-pay-prober' };
    return new FakeServices(await FakeAws.start({ AWS_REGION: region, ...drillEnv.write(plans) }));
  }

  /** Answers in place of the usual one. */
  public instead: (one: AwsCall) => AwsReply | undefined = () => undefined;

  /** A step that ends by one refusal leaves the calls beside it under way: they must not arrive at the next test's services. */
  public async stop(): Promise<void> {
    const turn = turns('calls of a step that has ended', 40);
    for (let seen = -1; seen !== this.aws.calls.length;) {
      turn();
      seen = this.aws.calls.length;
      await sleep(50);
    }
    jest.restoreAllMocks();
    await this.aws.stop();
  }

  /** What a function was asked for by the machine: its execution says so too. */
  public asked(name: string, event: DrillCall): Promise<DrillStepResult> {
    this.asking = (one) => callerAnswer(one, event);
    return loadedHandler<DrillCall, DrillStepResult>(`drill/functions/${name}`)(event);
  }

  /** Without the questions of who asks. */
  public ownCalls(): AwsCall[] {
    return this.aws.calls.filter(({ action }) => !['DescribeExecution', 'GetExecutionHistory'].includes(action));
  }

  public toldTopic(): Record<string, unknown>[] {
    return this.aws.inputs('Publish').map(({ TopicArn, Subject, Message }) => ({ TopicArn, Subject, Message }));
  }

  /** The function's line, with what it counted. */
  public logged(message: string): Record<string, any>[] {
    return this.lines.filter((line) => line.message === message);
  }

  private bucketAnswer({ service, action, path, text, headers }: AwsCall): AwsReply | undefined {
    if (service !== 's3') return undefined;
    const key = path.replace('/evidence/', '');
    if (action.startsWith('PUT ')) {
      const isThere = headers['if-none-match'] === '*' && this.objects.has(key);
      if (isThere) return { status: 412, body: '<Error><Code>PreconditionFailed</Code></Error>' };
      this.objects.set(key, text);
      return { headers: { 'x-amz-version-id': `v-${text.length}` } };
    }
    return this.objects.has(key) ? { body: this.objects.get(key)! } : { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
  }
}

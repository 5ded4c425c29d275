import type { BusEvent } from './delivery-line';
import type { FabricRule } from './rules';
import type { RegionHandle } from '../ground/model';
import { AwsApiError, type AwsApi } from '../network/aws-api';
import { sleep } from '../network/network';

/** Messages come in batches, and leave the processor to the calls that wait. */
const gatherMs = 100;
/** Most that one call receives. */
const largestBatch = 10;

/** The fabric's own queue in each region, in which the emulator puts what rules match. */
const queueName = 'local-run-deliveries';

interface Wrapped {
  readonly rule: string;
  readonly target: string;
  readonly event: BusEvent;
}

/** Takes the place of a region's rule targets: what the emulator would deliver comes here. */
export class Intake {
  private closed = false;
  private queueUrl = '';
  private readonly running: Promise<void>[] = [];

  constructor(
    private readonly api: AwsApi,
    private readonly region: RegionHandle,
    private readonly accountId: string,
    private readonly receive: (ruleArn: string, targetId: string, event: BusEvent) => void,
  ) {}

  public async open(rules: readonly FabricRule[]): Promise<void> {
    const { name } = this.region;
    const created = await this.api.json<{ QueueUrl: string }>(name, 'sqs', 'CreateQueue', { QueueName: queueName });
    this.queueUrl = created.QueueUrl;
    for (const rule of rules) {
      if (rule.everySeconds !== undefined) {
        await this.api.json(name, 'events', 'DisableRule', { Name: rule.name, EventBusName: rule.bus });
        continue;
      }
      if (rule.madeWith) {
        await this.api.json(name, 'events', 'PutRule', {
          Name: rule.name,
          EventBusName: rule.bus,
          EventPattern: JSON.stringify(rule.madeWith),
        });
      }
      const Targets = rule.targets.map(({ id }) => ({
        Id: id,
        Arn: `arn:aws:sqs:${name}:${this.accountId}:${queueName}`,
        InputTransformer: {
          InputPathsMap: {},
          InputTemplate: `{"rule":${JSON.stringify(rule.arn)},"target":${JSON.stringify(id)},"event":<aws.events.event.json>}`,
        },
      }));
      await this.api.json(name, 'events', 'PutTargets', { Rule: rule.name, EventBusName: rule.bus, Targets });
    }
    this.running.push(this.follow());
  }

  public async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.running);
  }

  private async follow(): Promise<void> {
    while (!this.closed) {
      if (this.region.state === 'stopped') {
        await sleep(100);
        continue;
      }
      try {
        const { Messages = [] } = await this.api.json<{ Messages?: { Body: string; ReceiptHandle: string }[] }>(
          this.region.name,
          'sqs',
          'ReceiveMessage',
          { QueueUrl: this.queueUrl, MaxNumberOfMessages: largestBatch, WaitTimeSeconds: 5 },
        );
        if (Messages.length === 0) continue;
        for (const { Body } of Messages) this.take(Body);
        await this.api.json(this.region.name, 'sqs', 'DeleteMessageBatch', {
          QueueUrl: this.queueUrl,
          Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        });
        if (Messages.length < largestBatch) await sleep(gatherMs);
      } catch (error) {
        if (this.closed) return;
        await sleep(error instanceof AwsApiError ? 1000 : 200);
      }
    }
  }

  private take(body: string): void {
    const { rule, target, event } = JSON.parse(body) as Wrapped;
    this.receive(rule, target, event);
  }
}

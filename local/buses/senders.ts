import type { BusEvent } from './delivery-line';
import type { DeliveryOutcome } from './retry';
import type { Deliverer, Refusal, Rights } from './rights';
import type { RuleTarget } from './rules';
import type { Links } from '../ground/model';
import { AwsApiError, type AwsApi } from '../network/aws-api';
import { sleep } from '../network/network';
import type { EngineDirectory } from '../network/network';

export interface SendersOptions {
  readonly api: AwsApi;
  readonly rights: Rights;
  readonly engines: EngineDirectory;
  readonly links: Links;
  /** Told of events that arrived on another region's bus. */
  readonly crossed: (from: string, to: string, count: number) => void;
}

/** IDs of forwarded events that are remembered, by region. */
const idsKept = 20_000;

/** A bus that was there is looked for again after so long. */
const existsForMs = 2_000;

const delivered: DeliveryOutcome = { kind: 'delivered' };

interface PutResult {
  readonly EventId?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

/** One attempt to deliver events, to each kind of target. */
export class Senders {
  private readonly arrived = new Map<string, Set<string>>();
  /** Until when a bus counts as being there. */
  private readonly seen = new Map<string, number>();
  private readonly underWay = new Map<string, Set<Promise<unknown>>>();

  constructor(private readonly options: SendersOptions) {}

  /** Whether an event on a region's bus was put there from another region. Waits for the answers that would say so. */
  public async cameAcross(region: string, eventId: string): Promise<boolean> {
    await Promise.allSettled([...(this.underWay.get(region) ?? [])]);
    return this.arrived.get(region)?.has(eventId) ?? false;
  }

  public send(by: Deliverer, target: RuleTarget, events: readonly BusEvent[]): Promise<DeliveryOutcome[]> {
    if (target.kind === 'bus') return this.toBus(by, target, events);
    return target.kind === 'queue' ? this.toQueue(by, target, events) : this.toFunction(by, target, events);
  }

  /** Puts events on a bus of another region, over the links. What is lost on the way back has arrived all the same. */
  public async putAcross(from: string, to: string, bus: string, events: readonly BusEvent[]): Promise<DeliveryOutcome[]> {
    const { links } = this.options;
    if (!this.reaches(from, to)) return events.map(() => unreachable(from, to));
    await pause(links.get(from, to).lagMs);
    if (!this.reaches(from, to)) return events.map(() => unreachable(from, to));
    const Entries = await this.noted(to, this.put(to, bus, events));
    this.options.crossed(from, to, Entries.filter(({ EventId }) => EventId).length);
    await pause(links.get(to, from).lagMs);
    if (!this.reaches(from, to)) return events.map(() => unreachable(from, to));
    return Entries.map(({ EventId, ErrorCode, ErrorMessage }) =>
      EventId ? delivered : failure(ErrorCode ?? 'UNKNOWN', ErrorMessage ?? 'no event ID', false),
    );
  }

  private async put(to: string, bus: string, events: readonly BusEvent[]): Promise<PutResult[]> {
    const { Entries } = await this.options.api.json<{ Entries: PutResult[] }>(to, 'events', 'PutEvents', {
      Entries: events.map((event) => ({
        EventBusName: bus,
        Source: event.source,
        DetailType: event['detail-type'],
        Detail: JSON.stringify(event.detail),
        Resources: event.resources ?? [],
      })),
    });
    const ids = this.arrived.get(to) ?? new Set<string>();
    this.arrived.set(to, ids);
    for (const { EventId } of Entries) if (EventId) ids.add(EventId);
    while (ids.size > idsKept) ids.delete(ids.values().next().value as string);
    return Entries;
  }

  private async noted<T>(region: string, work: Promise<T>): Promise<T> {
    const all = this.underWay.get(region) ?? new Set();
    this.underWay.set(region, all.add(work));
    try {
      return await work;
    } finally {
      all.delete(work);
    }
  }

  private async toBus(by: Deliverer, target: RuleTarget, events: readonly BusEvent[]): Promise<DeliveryOutcome[]> {
    // The source region judges its role; what the peer's policy says is known there alone.
    if (!this.reaches(by.region, target.region)) return events.map(() => unreachable(by.region, target.region));
    const refusals = await Promise.all(events.map((event) => this.options.rights.bus(by, target.roleArn, target.arn, event)));
    if (!(await this.busExists(target))) return events.map(() => failure('NO_RESOURCE', `${target.arn} does not exist`, false));
    return this.allowedOnes(events, refusals, (allowed) => this.putAcross(by.region, target.region, target.name, allowed));
  }

  private async toQueue(by: Deliverer, target: RuleTarget, events: readonly BusEvent[]): Promise<DeliveryOutcome[]> {
    const refusal = await this.options.rights.queue(by, target.arn);
    if (refusal) return events.map(() => failure(refusal.code, refusal.message, false));
    const QueueUrl = await this.options.api.queueUrl(by.region, target.arn);
    const { Failed = [] } = await this.options.api.json<{ Failed?: { Id: string; Code: string; Message?: string }[] }>(
      by.region,
      'sqs',
      'SendMessageBatch',
      {
        QueueUrl,
        Entries: events.map((event, index) => ({
          Id: String(index),
          MessageBody: target.input ?? JSON.stringify(event),
          ...(target.messageGroupId ? { MessageGroupId: target.messageGroupId, MessageDeduplicationId: event.id } : {}),
        })),
      },
    );
    return events.map((_, index) => {
      const failed = Failed.find(({ Id }) => Id === String(index));
      return failed ? failure('ERROR_FROM_TARGET', `${failed.Code}: ${failed.Message ?? ''}`, true) : delivered;
    });
  }

  private async toFunction(by: Deliverer, target: RuleTarget, events: readonly BusEvent[]): Promise<DeliveryOutcome[]> {
    const refusal = await this.options.rights.function(by, target.arn);
    if (refusal) return events.map(() => failure(refusal.code, refusal.message, false));
    return Promise.all(
      events.map(async (event): Promise<DeliveryOutcome> => {
        try {
          await this.options.api.invoke(by.region, target.name, target.input === undefined ? event : JSON.parse(target.input), 'Event');
          return delivered;
        } catch (error) {
          if (!(error instanceof AwsApiError)) throw error;
          if (error.code === 'ResourceNotFoundException') return failure('NO_RESOURCE', error.message, false);
          return failure(error.status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET', error.message, true);
        }
      }),
    );
  }

  private async busExists({ region, name, arn }: RuleTarget): Promise<boolean> {
    if ((this.seen.get(arn) ?? 0) > Date.now()) return true;
    try {
      await this.options.api.json(region, 'events', 'DescribeEventBus', { Name: name });
      this.seen.set(arn, Date.now() + existsForMs);
      return true;
    } catch (error) {
      if (error instanceof AwsApiError && error.code === 'ResourceNotFoundException') return false;
      throw error;
    }
  }

  private async allowedOnes(
    events: readonly BusEvent[],
    refusals: readonly Refusal[],
    send: (allowed: BusEvent[]) => Promise<DeliveryOutcome[]>,
  ): Promise<DeliveryOutcome[]> {
    const allowed = events.filter((_, index) => !refusals[index]);
    const outcomes = allowed.length ? await send(allowed) : [];
    return refusals.map((refusal) => (refusal ? failure(refusal.code, refusal.message, false) : outcomes.shift()!));
  }

  private reaches(from: string, to: string): boolean {
    const { engines, links } = this.options;
    return engines.engine(to)?.state === 'running' && !links.get(from, to).partitioned && !links.get(to, from).partitioned;
  }
}

function unreachable(from: string, to: string): DeliveryOutcome {
  return failure('TIMEOUT', `EventBridge in ${to} did not answer ${from}`, true);
}

function failure(code: string, message: string, retriable: boolean): DeliveryOutcome {
  return { kind: 'failed', code, message, retriable };
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}

import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { Bus } from './bus';
import { Invocation, MeshAround } from './invocation';
import { MeshSettings } from './mesh-plan';
import { Queue } from './queue';
import { StreamReader } from './stream';
import { ConsumerPorts, Handled, Message } from '../../../src/events/consumers/service';
import { ledgerEventSource, probeType } from '../../../src/events/contract';
import { ConsumedEvent, MeshEvent, PaymentEvent, PutEntry } from '../../../src/events/model';
import { ItemChange, writerOf } from '../../../src/events/outbox/domain';
import type { Outbox } from '../../../src/events/outbox/service';
import type { Sweep, SweepHint } from '../../../src/events/outbox/sweep.service';
import { noTracer } from '../../../src/kernel/trace';
import { MemoryDynamo } from '../../contract/memory-dynamo';
import { turns } from '../../turns';
import { Consumed } from '../checks/events';

const systemName = 'acme';
const leaseMarginMs = 5_000;
const lanes = 3;

/** What one region has of the mesh. */
interface Station {
  readonly bus: Bus;
  readonly database: MemoryDynamo;
  readonly consumers: readonly Queue[];
  readonly own: readonly StreamReader[];
  readonly peers: StreamReader;
}

/** Outboxes, sweeps, buses and consumers of all regions, on the streams of the ledger's table. */
export class EventMesh {
  private readonly records: Consumed[] = [];
  public readonly counts = new Map<string, number>();
  private readonly stations = new Map<string, Station>();
  /** What consumers set aside. */
  private readonly letters: (() => void)[] = [];

  constructor(
    private readonly around: MeshAround,
    private readonly regions: readonly string[],
    private readonly settings: MeshSettings,
  ) {
    for (const region of regions) this.stations.set(region, this.station(region));
    for (const [region, { bus, consumers }] of this.stations) {
      bus.targets = {
        peers: regions.filter((other) => other !== region).map((other) => this.stations.get(other)!.bus),
        local: ({ detailType, detail }, body) => {
          if (detailType === probeType) this.arrived(region, JSON.parse(detail) as MeshEvent);
          else for (const queue of consumers) queue.send(body);
        },
      };
    }
    for (const { region, at } of settings.replays) {
      around.scheduler.at(at, () => this.stations.get(region)!.bus.replay());
      around.scheduler.at(at, () => this.deliverLetters());
    }
    for (const [from, to] of settings.probes) {
      for (const region of regions) this.probe(region, from + around.chance.between(0, settings.probeEveryMs), to);
    }
  }

  /** A write of the table appears in the stream of one replica, or of all. */
  public wrote(change: ItemChange, replica?: string): void {
    if (!concernsEvents(change)) return;
    const writer = writerOf(change);
    for (const region of replica === undefined ? this.regions : [replica]) {
      const { own, peers } = this.stations.get(region)!;
      if (writer === region) own[laneOf(change)].add(change);
      else peers.add(change);
    }
  }

  /**
   * Runs until every event has arrived, then replays every archive, which changes nothing; what consumers did, before the replay and after
   * it.
   */
  public async settle(): Promise<readonly Consumed[]> {
    const { geography, scheduler } = this.around;
    const arrive = async (): Promise<readonly Consumed[]> => {
      const turn = turns('letters that are delivered again and again');
      do {
        turn();
        this.deliverLetters();
        await scheduler.run();
      } while (this.letters.length > 0);
      return this.records.filter(({ region }) => geography.isUp(region)).map((record) => ({ ...record, effects: [...record.effects] }));
    };
    const before = await arrive();
    for (const { bus } of this.stations.values()) bus.replay();
    return [...before, ...(await arrive())];
  }

  /** An operator has what was set aside delivered anew. */
  private deliverLetters(): void {
    for (const deliver of this.letters.splice(0)) deliver();
  }

  private met(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  private station(region: string): Station {
    const bus = new Bus(this.around, region);
    const database = new MemoryDynamo();
    const consumers = (['DELIVER', 'SKIP'] as const).map((stale) => {
      const record = { region, stale, effects: [] as PaymentEvent[] };
      this.records.push(record);
      return this.consumerQueue(record, database);
    });
    const hints: Queue = new Queue(this.around, {
      region,
      name: 'hints',
      delayMs: this.settings.hintDelayMs,
      visibilityMs: 34_000,
      batchSize: 10,
      handle: (messages, invocation) => this.sweepHints(this.sweep(invocation, bus, database, hints), messages, invocation),
    });
    const own = Array.from({ length: lanes }, (_, lane): StreamReader =>
      this.reader(
        region,
        `outbox${lane}`,
        100,
        async (records, invocation) => {
          const result = await this.outbox(invocation, bus).publish(records, invocation.deadlineMs);
          this.met('published', result.published);
          return result;
        },
        () => own[lane],
        bus,
      ),
    );
    const peers: StreamReader = this.reader(
      region,
      'sweep',
      500,
      (records, invocation) => this.sweep(invocation, bus, database, hints).note(records),
      () => peers,
      bus,
    );
    return { bus, database, consumers, own, peers };
  }

  private reader(
    region: string,
    name: string,
    batchSize: number,
    handle: ConstructorParameters<typeof StreamReader>[1]['handle'],
    self: () => StreamReader,
    bus: Bus,
  ): StreamReader {
    const heldUntil = (): number =>
      Math.max(
        0,
        ...this.settings.heldBack.filter((one) => one.region === region && one.from <= this.around.scheduler.nowMs).map(({ to }) => to),
      );
    return new StreamReader(this.around, {
      region,
      name,
      batchSize,
      attempts: this.settings.streamAttempts,
      heldUntil,
      handle,
      gaveUp: (from, to) => {
        this.met('rangesGivenUp');
        this.redrive(
          region,
          bus,
          self,
          JSON.stringify({
            DDBStreamBatchInfo: { streamArn: 'stream', shardId: name, startSequenceNumber: `${from}`, endSequenceNumber: `${to}` },
          }),
        );
      },
    });
  }

  /** An operator has a range published that was given up, until it is. */
  private redrive(region: string, bus: Bus, reader: () => StreamReader, body: string): void {
    const { scheduler, chance, geography, subject } = this.around;
    let there = true;
    scheduler.after(chance.between(5_000, 100_000), () =>
      geography.whenUp(region, () =>
        new Invocation(this.around, region, 'redrive').run(
          async (invocation) => {
            let received = false;
            return subject.redriveRanges(
              {
                receive: () => {
                  const messages =
                    there && !received
                      ? [
                          {
                            body,
                            remove: async () =>
                              invocation.persistently('remove', () => {
                                there = false;
                              }),
                          },
                        ]
                      : [];
                  received = true;
                  return Promise.resolve(messages);
                },
                read: ({ startSequenceNumber, endSequenceNumber }) =>
                  invocation.persistently('GetRecords', () => reader().range(Number(startSequenceNumber), Number(endSequenceNumber))),
                publish: (records, deadlineMs) => this.outbox(invocation, bus).republish(records, deadlineMs),
                nowMs: invocation.ports.nowMs,
              },
              invocation.deadlineMs,
            );
          },
          () => {
            if (there) this.redrive(region, bus, reader, body);
          },
        ),
      ),
    );
  }

  private outbox(invocation: Invocation, bus: Bus): Outbox {
    const { subject } = this.around;
    const ports = invocation.publishPorts((entries) => bus.accept(entries));
    const sink = (events: readonly PaymentEvent[], deadlineMs: number): ReturnType<typeof subject.publish> =>
      subject.publish(
        ports,
        events.map((event) => subject.entryOf(event, `${systemName}.ledger`)),
        deadlineMs,
      );
    return new subject.Outbox({ ...invocation.ports, sink, tracer: noTracer }, { region: invocation.region, name: 'outbox' });
  }

  private sweep(invocation: Invocation, bus: Bus, database: MemoryDynamo, hints: Queue): Sweep {
    const { subject } = this.around;
    const news = subject.probeStore(invocation.dynamo(database), 'mesh');
    return new subject.Sweep(
      {
        keep: (kept) => invocation.persistently('SendMessageBatch', () => kept.forEach((hint) => hints.send(JSON.stringify(hint)))),
        newsOf: (peer) => news.newsOf(peer),
        nowMs: invocation.ports.nowMs,
      },
      { region: invocation.region, ...this.settings },
      this.outbox(invocation, bus),
    );
  }

  private async sweepHints(sweep: Sweep, messages: readonly Message[], invocation: Invocation): Promise<readonly string[]> {
    const again: string[] = [];
    for (const { id, body } of messages) {
      const swept = await sweep
        .sweep(JSON.parse(body) as SweepHint, invocation.deadlineMs)
        .catch((error: Error) => ({ kind: 'open', reason: error.message }) as const);
      this.met(`hints ${swept.kind}`);
      if (swept.kind === 'published') this.met('swept', swept.events);
      if (swept.kind === 'open') again.push(id);
    }
    return again;
  }

  private consumerQueue(record: Consumed, database: MemoryDynamo): Queue {
    const { subject } = this.around;
    const { handlerTimeoutMs, maxAttempts } = this.settings;
    const inboxTable = `inbox ${record.stale}`;
    const queue: Queue = new Queue(this.around, {
      region: record.region,
      name: `consumer ${record.stale}`,
      delayMs: 0,
      visibilityMs: 34_000,
      batchSize: 10,
      handle: (messages, invocation) => {
        const ports: ConsumerPorts = {
          ...invocation.ports,
          inbox: new subject.DynamoInbox(invocation.dynamo(database), inboxTable),
          handle: (event) => this.handle(invocation, database, inboxTable, record, event),
          deadLetter: ({ body }) =>
            invocation.persistently('SendMessage', () => {
              this.met('setAside');
              this.letters.push(() => queue.send(body));
            }),
          tracer: noTracer,
          observe: ({ kind, outOfOrder }) => {
            this.met(`deliveries ${kind}`);
            if (outOfOrder) this.met('out of order');
          },
        };
        return new subject.Consumer(ports, {
          name: 'consumer',
          leaseMs: handlerTimeoutMs + leaseMarginMs,
          maxAttempts,
          rememberMs: 30 * 86_400_000,
          stale: record.stale,
          lateAfterMs: 900_000,
          sources: [ledgerEventSource(systemName)],
        }).receive(messages, invocation.deadlineMs);
      },
    });
    return queue;
  }

  /** A handler whose effect and the inbox's `DONE` are one transaction. It fails now and then, and is slow at times. */
  private handle(
    invocation: Invocation,
    database: MemoryDynamo,
    inboxTable: string,
    record: Consumed,
    event: ConsumedEvent,
  ): Promise<Handled> {
    const { chance, faulty, subject } = this.around;
    const { handlerTimeoutMs } = this.settings;
    const work = async (): Promise<Handled> => {
      await invocation.ports.sleep(chance.between(1, chance.happens(0.1) ? 1.2 * handlerTimeoutMs : 30));
      if (faulty() && chance.happens(0.03)) return { kind: chance.pick(['failed', 'notReached'] as const), reason: 'simulated' };
      const command = new TransactWriteItemsCommand({ TransactItems: [subject.completion(inboxTable, event, invocation.ports.nowMs())] });
      try {
        await invocation.persistently('effect', () => {
          database.perform(command);
          record.effects.push(event as PaymentEvent);
        });
        return { kind: 'done' };
      } catch (error) {
        return { kind: 'failed', reason: (error as Error).message };
      }
    };
    const timedOut = invocation.ports
      .sleep(handlerTimeoutMs)
      .then((): Handled => ({ kind: 'unknown', reason: 'the handler did not end in time' }));
    return Promise.race([work(), timedOut]);
  }

  private probe(region: string, at: number, until: number): void {
    if (at > until) return;
    const { geography, scheduler, subject } = this.around;
    scheduler.at(at, () => {
      const { bus } = this.stations.get(region)!;
      if (geography.isUp(region)) {
        new Invocation(this.around, region, 'probe').run(
          (invocation) =>
            subject.sendProbe(
              invocation.publishPorts((entries: readonly PutEntry[]) => bus.accept(entries)),
              systemName,
              region,
              invocation.deadlineMs,
            ),
          () => undefined,
        );
      }
      this.probe(region, at + this.settings.probeEveryMs, until);
    });
  }

  private arrived(region: string, probe: MeshEvent): void {
    if (probe.origin === region || !this.around.geography.isUp(region)) return;
    const { subject } = this.around;
    new Invocation(this.around, region, 'probe').run(
      (invocation) =>
        subject.receiveProbe(
          subject.probeStore(invocation.dynamo(this.stations.get(region)!.database), 'mesh'),
          probe,
          invocation.ports.nowMs(),
          this.settings.silentAfterMs,
        ),
      () => undefined,
    );
  }
}

/** What the filters of the event source mappings let through. */
function concernsEvents({ old, new: now }: ItemChange): boolean {
  if (now?.kind === 'ACCOUNT') return true;
  return now?.kind === 'PAYMENT' && ((now.outcome === 'DECLINED' && now.reason === 'expired') || (!old && now.hold === 'BESIDE'));
}

/** Records of one item are in one lane. */
function laneOf({ new: now }: ItemChange): number {
  let sum = 0;
  for (let at = 0; at < now!.pk.length; at += 1) sum += now!.pk.charCodeAt(at);
  return sum % lanes;
}

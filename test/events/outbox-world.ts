import { PaymentEvent } from '../../src/events/model';
import { ItemChange } from '../../src/events/outbox/domain';
import { EventSink, Outbox, OutboxSettings, StreamRecord } from '../../src/events/outbox/service';
import type { EntryOutcome } from '../../src/events/publishing/publish.service';
import { noTracer, Tracer } from '../../src/kernel/trace';
import { CallContext } from '../../src/ledger/model';
import { Change, Item, LedgerPorts, LedgerStore, StoreFault, WriteResult } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { MemoryStore } from '../../tools/memory/memory-store';

/** A store that keeps its stream: every item before and after each write, in order. */
export class StreamingStore extends MemoryStore {
  public readonly stream: ItemChange[] = [];

  public override async create(item: Item): Promise<WriteResult> {
    return this.noting(item.pk, () => super.create(item));
  }

  public override async change(change: Change): Promise<WriteResult> {
    return this.noting(change.pk, () => super.change(change));
  }

  private async noting(pk: string, write: () => Promise<WriteResult>): Promise<WriteResult> {
    const old = this.items.get(pk);
    const result = await write();
    if (result.kind === 'written') this.stream.push(structuredClone({ ...(old ? { old } : {}), new: this.items.get(pk)! }));
    return result;
  }
}

/** A bus that takes what it is given, unless told otherwise. */
export class Bus {
  public readonly events: PaymentEvent[] = [];
  /** How many more events it takes; beyond, none. */
  public room = Number.POSITIVE_INFINITY;
  /** Payments of which it takes nothing. */
  public readonly refused = new Set<string>();

  public readonly sink: EventSink = (events) =>
    Promise.resolve(
      events.map((event): EntryOutcome => {
        if (this.room <= 0 || this.refused.has(event.subject!)) return { kind: 'open', reason: 'not taken' };
        this.room -= 1;
        this.events.push(event);
        return { kind: 'sent' };
      }),
    );

  /** The newest copy of each event, by its ID. */
  public get byId(): ReadonlyMap<string, PaymentEvent> {
    return new Map(this.events.map((event) => [event.id, event]));
  }
}

/** Ledgers of several regions on one strong store with its stream, their outboxes, and a clock that moves when they wait. */
export class OutboxWorld {
  public readonly store = new StreamingStore();
  public nowMs = 1_800_000_000_000;
  /** Whether the next write's answer gets lost, or the write itself. */
  public fault: () => 'before' | 'after' | undefined = () => undefined;
  private nonces = 0;

  public ports(store: LedgerStore = this.store): LedgerPorts {
    const faulty: LedgerStore = {
      create: (item) => this.unsurely(() => store.create(item)),
      change: (change) => this.unsurely(() => store.change(change)),
      read: (pk, strong) => store.read(pk, strong),
      readMany: (pks) => store.readMany(pks),
      list: (account, limit, from) => store.list(account, limit, from),
    };
    return {
      store: faulty,
      nowMs: () => this.nowMs,
      random: () => 0.5,
      nonce: () => `nonce-${(this.nonces += 1)}`,
      sleep: (ms) => {
        this.nowMs += ms;
        return Promise.resolve();
      },
    };
  }

  public ledger(region: string, store?: LedgerStore): PaymentsLedger {
    return new PaymentsLedger(this.ports(store), { region, ...(store ? { copiesFollow: true } : {}) });
  }

  public outbox(
    region: string,
    sink: EventSink,
    store: LedgerStore = this.store,
    tracer: Tracer = noTracer,
    more: Partial<OutboxSettings> = {},
  ): Outbox {
    return new Outbox({ ...this.ports(store), store, sink, tracer }, { region, name: 'acme-outbox', ...more });
  }

  public context(deadlineMs = 10_000, tenant = 'acme'): CallContext {
    return { tenant, traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', deadlineMs: this.nowMs + deadlineMs };
  }

  private async unsurely(write: () => Promise<WriteResult>): Promise<WriteResult> {
    const fault = this.fault();
    if (fault === 'before') throw new StoreFault('unknown', 'lost on its way');
    const result = await write();
    if (fault === 'after') throw new StoreFault('unknown', 'the answer was lost');
    return result;
  }
}

export const recordsOf = (stream: readonly ItemChange[]): readonly StreamRecord[] =>
  stream.map((change, n) => ({ id: String(n), arrivedMs: change.new!.writtenAt as number, change: () => change }));

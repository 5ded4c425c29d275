import { Consumer, ConsumerSettings, Delivery, DeliveryOutcome, Handled, Inbox, Message } from '../../src/events/consumers/service';
import { inboxSchema } from '../../src/events/contract';
import { ConsumedEvent, MeshEvent } from '../../src/events/model';
import { noTracer, Tracer } from '../../src/kernel/trace';
import { MemoryInbox } from '../contract/memory-inbox';

export const source = 'acme-pay.ledger';
export const itemOf = (id: string): string => inboxSchema.eventKey({ source, id });
export const defaults: ConsumerSettings = {
  name: 'acme-recorder',
  sources: [source],
  leaseMs: 10_000,
  maxAttempts: 3,
  rememberMs: 86_400_000,
  stale: 'DELIVER',
  lateAfterMs: 900_000,
};

/** A consumer's inbox, handler and dead-letter queue, and a clock that moves when it is told to. */
export class ConsumerWorld {
  public nowMs = 1_800_000_000_000;
  public readonly inbox = new MemoryInbox();
  public readonly effects = new Map<string, number>();
  public readonly delivered: { id: string; delivery: Delivery }[] = [];
  public readonly letters: { message: Message; reason: string }[] = [];
  public readonly outcomes: DeliveryOutcome[] = [];
  public answer: (event: ConsumedEvent) => Handled = () => ({ kind: 'done' });
  /** Whether an answer `done` is an effect; otherwise the answer makes its own. */
  public simple = true;
  private owners = 0;

  public consumer(more: Partial<ConsumerSettings> = {}, inbox: Inbox = this.inbox, tracer: Tracer = noTracer): Consumer {
    return new Consumer(
      {
        inbox,
        handle: (event, delivery) => {
          this.delivered.push({ id: event.id, delivery });
          const handled = this.answer(event);
          if (handled.kind === 'done' && this.simple) this.effect(event);
          return Promise.resolve(handled);
        },
        deadLetter: (message, reason) => {
          this.letters.push({ message, reason });
          return Promise.resolve();
        },
        nowMs: () => this.nowMs,
        nonce: () => `o${(this.owners += 1)}`,
        tracer,
        observe: (outcome) => this.outcomes.push(outcome),
      },
      { ...defaults, ...more },
    );
  }

  public effect({ id }: MeshEvent): void {
    this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
  }

  public event(id: string, more: Partial<MeshEvent> = {}): MeshEvent {
    return {
      id,
      type: 'payment.authorised',
      schemaVersion: 1,
      origin: 'us-east-1',
      occurredAt: new Date(this.nowMs).toISOString(),
      data: {},
      ...more,
    };
  }

  public message(event: MeshEvent, more: object = {}): Message {
    return { id: `m-${event.id}`, body: JSON.stringify({ source, 'detail-type': event.type, detail: event, ...more }) };
  }

  public receive(consumer: Consumer, ...events: MeshEvent[]): Promise<readonly string[]> {
    return consumer.receive(
      events.map((event) => this.message(event)),
      this.nowMs + 60_000,
    );
  }

  public get last(): DeliveryOutcome {
    return this.outcomes[this.outcomes.length - 1];
  }
}

import { Invocation, MeshAround } from './invocation';
import { Message } from '../../../src/events/consumers/service';

export interface QueueSettings {
  readonly region: string;
  readonly name: string;
  readonly delayMs: number;
  readonly visibilityMs: number;
  readonly batchSize: number;
  /** Returns the messages that have to come again. */
  readonly handle: (messages: readonly Message[], invocation: Invocation) => Promise<readonly string[]>;
}

/** How often a message is delivered twice, or its deletion gets lost. */
const deliveredTwice = 0.03;
const deletionLost = 0.03;

/**
 * A queue and the function behind it: messages at least once, in no order, several at a time. Whoever deletes a message deletes it for all
 * who have it.
 */
export class Queue {
  private readonly ready: Message[] = [];
  private readonly deleted = new Set<string>();
  private taking = false;
  private sent = 0;
  private batches = 0;

  constructor(
    private readonly around: MeshAround,
    private readonly settings: QueueSettings,
  ) {}

  public send(body: string): void {
    const { chance, scheduler, faulty } = this.around;
    const copies = faulty() && chance.happens(deliveredTwice) ? 2 : 1;
    this.sent += 1;
    const message = { id: `${this.settings.name}-${this.sent}`, body };
    for (let copy = 0; copy < copies; copy += 1) scheduler.after(this.settings.delayMs + chance.between(2, 80), () => this.arrive(message));
  }

  private arrive(message: Message): void {
    if (this.deleted.has(message.id)) return;
    this.ready.push(message);
    this.plan();
  }

  private plan(): void {
    if (this.taking || this.ready.length === 0) return;
    this.taking = true;
    this.around.scheduler.after(this.around.chance.between(1, 60), () => this.take());
  }

  private take(): void {
    const { chance, geography, scheduler } = this.around;
    const { region, name, batchSize, handle } = this.settings;
    if (!geography.isUp(region)) return geography.whenUp(region, () => scheduler.after(50, () => this.take()));
    this.taking = false;
    const batch: Message[] = [];
    for (let left = 1 + chance.below(batchSize); left > 0 && this.ready.length > 0; left -= 1) {
      const [message] = this.ready.splice(chance.below(this.ready.length), 1);
      // A message is once in a batch, though there may be a copy of it.
      if (batch.some(({ id }) => id === message.id)) scheduler.after(100, () => this.arrive(message));
      else batch.push(message);
    }
    this.plan();
    this.batches += 1;
    return new Invocation(this.around, region, `${name} ${region}/${this.batches}`).run(
      (invocation) => handle(batch, invocation),
      (ended) => {
        const again = ended.kind === 'answered' ? new Set(ended.answer) : undefined;
        for (const message of batch) {
          const kept = (again?.has(message.id) ?? true) || (this.around.faulty() && chance.happens(deletionLost));
          if (!kept) this.deleted.add(message.id);
          scheduler.after(this.settings.visibilityMs, () => this.arrive(message));
        }
      },
    );
  }
}

import { Answered, Intent, isFinal, Outcome } from './history';
import { Chance } from '../../tools/memory/chance';

/** How a client reaches a region. */
export interface Dispatch {
  /** Sends the intent's request to a region; every answer that comes back is told. */
  (intent: Intent, region: string, heard: (answered: Answered) => void): void;
}

export interface ClientWorld {
  readonly regions: readonly string[];
  readonly dispatch: Dispatch;
  /** The region to which the public name leads this client; absent: clients choose for themselves. */
  readonly resolve?: () => string;
  readonly after: (delayMs: number, run: () => void) => void;
  readonly now: () => { readonly step: number; readonly ms: number };
}

export interface Patience {
  /** Sendings before the client gives up. */
  readonly tries: number;
  /** Longest wait between two tries. */
  readonly longestWaitMs: number;
  /** When a client that had given up begins again, for several minutes: what is asked once the faults are over must be answered. */
  readonly againAtMs?: number;
}

/** Longer than the checks allow an answer to take. */
const stubbornForMs = 300_000;
const timeouts = [60, 250, 1_500, 12_000];

/**
 * A client that wants one thing: it sends, waits as long as it has patience, sends again, elsewhere perhaps, and some replay days later.
 */
export class Client {
  private tries = 0;
  private done = false;
  private readonly home: string;
  private readonly timeoutMs: number;

  constructor(
    private readonly world: ClientWorld,
    private readonly chance: Chance,
    private readonly intent: Intent,
    private readonly patience: Patience,
    private readonly finished: (outcome: Outcome) => void = () => undefined,
  ) {
    this.home = chance.pick(world.regions);
    this.timeoutMs = chance.pick(timeouts);
  }

  public start(): void {
    const { chance, world } = this;
    const copies = this.isKeyed() ? chance.pick([1, 1, 1, 2, 3]) : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (copy === 0) this.send();
      else world.after(chance.between(0, 200), () => this.send());
    }
    if (!this.isKeyed()) return;
    if (chance.happens(0.15)) world.after(chance.between(500, 3_000), () => this.fire());
    if (chance.happens(0.08)) world.after(chance.pick([18 * 60_000, 2 * 86_400_000]), () => this.fire());
  }

  private isKeyed(): boolean {
    return this.intent.operation.kind === 'authorise' || this.intent.operation.kind === 'move';
  }

  /** Sends, and again until there is an answer or the patience is at its end. */
  private send(): void {
    if (this.done) return;
    this.tries += 1;
    let waiting = true;
    const again = (): void => {
      if (!waiting) return;
      waiting = false;
      if (this.done) return;
      if (this.tries >= this.patience.tries) this.giveUp();
      else this.world.after(this.chance.between(0, Math.min(this.patience.longestWaitMs, 50 * 2 ** this.tries)), () => this.send());
    };
    // Who was refused an answer in time gives the next one longer.
    this.world.after(Math.min(12_000, this.timeoutMs * 2 ** Math.max(0, this.tries - 2)), again);
    this.fire((outcome) => {
      if (!isFinal(outcome)) again();
    });
  }

  private giveUp(): void {
    const { againAtMs, longestWaitMs } = this.patience;
    if (againAtMs === undefined) return;
    const { ms } = this.world.now();
    if (ms > Math.max(againAtMs, this.intent.firstMs!) + stubbornForMs) return;
    if (ms < againAtMs) this.tries = 0;
    this.world.after(Math.max(0, againAtMs - ms) + this.chance.between(0, longestWaitMs), () => this.send());
  }

  private fire(then: (outcome: Outcome) => void = () => undefined): void {
    const { chance, intent, world } = this;
    const { step, ms } = world.now();
    intent.firstStep ??= step;
    intent.firstMs ??= ms;
    const region = world.resolve?.() ?? (chance.happens(0.7) ? this.home : chance.pick(world.regions));
    world.dispatch(intent, region, ({ outcome }) => {
      if (isFinal(outcome) && !this.done) {
        this.done = true;
        intent.doneMs = world.now().ms;
        this.finished(outcome);
      }
      then(outcome);
    });
  }
}

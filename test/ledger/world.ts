import { CallContext } from '../../src/ledger/model';
import { Change, Decision, DecisionRequest, IndexEntry, Item, LedgerPorts, LedgerStore, StoreFault, WriteResult } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/service';
import { MemoryStore } from '../contract/memory-store';

/* eslint-disable no-bitwise -- a generator of pseudo-random numbers is bit arithmetic */
/** Seeded numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/* eslint-enable no-bitwise */

/** Chances, per store request, of each fault. */
export interface Faults {
  readonly conflict: number;
  readonly throttled: number;
  /** The request is lost before it is applied. */
  readonly lost: number;
  /** The request is applied, its answer is lost. */
  readonly unanswered: number;
  /** The answer is lost now, and the request is applied at some later time, after its sender has gone on or died. */
  readonly late: number;
  /** The sender stops for ever, having sent the request (applied or not). */
  readonly crash: number;
}

export const noFaults: Faults = { conflict: 0, throttled: 0, lost: 0, unanswered: 0, late: 0, crash: 0 };

interface Pending { readonly apply: () => Promise<void> }

/** One store, many callers, every interleaving that a seed asks for: each request waits until the scheduler picks it. */
export class World {
  public readonly memory = new MemoryStore();
  public readonly random: () => number;
  public faults: Faults = noFaults;
  public nowMs = 1_800_000_000_000;
  /** Called after each applied request. */
  public afterStep: () => void = () => undefined;
  private readonly queue: Pending[] = [];
  /** Requests whose senders have long gone on; `releaseStrays` lets them arrive. */
  private readonly strays: Pending[] = [];
  private readonly timers: { readonly at: number; readonly wake: () => void }[] = [];
  private nonces = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** A ledger as one function instance in a region holds it. */
  public ledger(region: string, decide?: (request: DecisionRequest) => Promise<Decision>): PaymentsLedger {
    return new PaymentsLedger(this.ports(decide), { region, ...(decide ? { decision: { timeoutMs: 3_000, onUnknown: 'RETRY' } } : {}) });
  }

  public ports(decide?: LedgerPorts['decide']): LedgerPorts {
    return {
      store: this.store(),
      nowMs: () => this.nowMs,
      random: this.random,
      nonce: () => `nonce-${this.nonces += 1}`,
      sleep: (ms) => new Promise((resolve) => this.timers.push({ at: this.nowMs + ms, wake: resolve })),
      ...(decide ? { decide } : {}),
    };
  }

  public context(tenant = 'acme', deadlineMs = 10_000): CallContext {
    return { tenant, traceId: '1-0-0', deadlineMs: this.nowMs + deadlineMs };
  }

  /** Runs until nothing is left to do. */
  public async settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.queue.length > 0) {
        const [next] = this.queue.splice(Math.floor(this.random() * this.queue.length), 1);
        this.nowMs += Math.floor(this.random() * 4);
        await next.apply();
        this.afterStep();
      } else if (this.timers.length > 0) {
        this.timers.sort((one, other) => one.at - other.at);
        const next = this.timers.shift()!;
        this.nowMs = Math.max(this.nowMs, next.at);
        next.wake();
      } else {
        return;
      }
    }
  }

  /** Lets some of the requests that were delayed arrive now. */
  public releaseStrays(chance: number): void {
    for (const stray of this.strays.splice(0)) (this.random() < chance ? this.queue : this.strays).push(stray);
  }

  private store(): LedgerStore {
    return {
      create: (item: Item) => this.request<WriteResult>(() => this.memory.create(item)),
      change: (change: Change) => this.request<WriteResult>(() => this.memory.change(change)),
      read: (pk: string) => this.request<Item | undefined>(() => this.memory.read(pk)),
      readMany: (pks: readonly string[]) => this.request<readonly Item[]>(() => this.memory.readMany(pks)),
      list: (account: string, limit: number, from?: string) => this.request<readonly IndexEntry[]>(() => this.memory.list(account, limit, from)),
    };
  }

  private request<T>(call: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({
        apply: async () => {
          const { conflict, throttled, lost, unanswered, late, crash } = this.faults;
          let dice = this.random();
          const falls = (chance: number): boolean => (dice -= chance) < 0;
          if (falls(conflict)) return reject(new StoreFault('conflict', 'simulated'));
          if (falls(throttled)) return reject(new StoreFault('throttled', 'simulated'));
          if (falls(lost)) return reject(new StoreFault('unknown', 'simulated: lost'));
          if (falls(late)) {
            this.strays.push({ apply: async () => void await call() });
            return reject(new StoreFault('unknown', 'simulated: late'));
          }
          if (falls(crash)) {
            if (this.random() < 0.5) await call();
            return undefined;
          }
          const answer = await call();
          if (falls(unanswered)) return reject(new StoreFault('unknown', 'simulated: unanswered'));
          return resolve(answer);
        },
      });
    });
  }
}

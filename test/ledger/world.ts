import { CallContext } from '../../src/ledger/model';
import { Change, Decision, DecisionRequest, Item, LedgerPorts } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { MemoryStore } from '../../tools/memory/memory-store';

/** The ledger's bounds, to be changed by a test; after each they are what is shipped again. */
export function changeableBounds(): { -readonly [name in keyof typeof bounds]: number } {
  const shipped = { ...bounds };
  afterEach(() => Object.assign(bounds, shipped));
  return bounds;
}

/** Whether a change sets what is at this path. */
export const sets =
  (...path: string[]) =>
  ({ set = [] }: Change): boolean =>
    set.some(([at]) => at.join('.') === path.join('.'));

/** Ledgers of several regions on one store without faults, and a clock that moves when they wait. Faults: see test/simulation. */
export class World {
  public readonly memory = new MemoryStore();
  public nowMs = 1_800_000_000_000;
  /** Chance; as it is, no call happens to look after its account. */
  public random: () => number = () => 0.5;
  private nonces = 0;

  /** A ledger as one function instance in a region holds it. */
  public ledger(region: string, decide?: (request: DecisionRequest) => Promise<Decision>): PaymentsLedger {
    return new PaymentsLedger(this.ports(decide), { region, ...(decide ? { decision: { timeoutMs: 3_000, onUnknown: 'RETRY' } } : {}) });
  }

  public ports(decide?: LedgerPorts['decide']): LedgerPorts {
    return {
      store: this.memory,
      nowMs: () => this.nowMs,
      random: () => this.random(),
      nonce: () => `nonce-${(this.nonces += 1)}`,
      sleep: (ms) => {
        this.nowMs += ms;
        return Promise.resolve();
      },
      ...(decide ? { decide } : {}),
    };
  }

  /** The ports of an attempt that, before its first change of this kind, waits until something else has happened. */
  public after(which: (change: Change) => boolean, meanwhile: () => Promise<unknown> | void, decide?: LedgerPorts['decide']): LedgerPorts {
    const { memory } = this;
    let done = false;
    const store = Object.assign(Object.create(memory) as MemoryStore, {
      change: async (change: Change) => {
        if (!done && which(change)) {
          done = true;
          await meanwhile();
        }
        return memory.change(change);
      },
    });
    return { ...this.ports(decide), store };
  }

  /** A second ledger, which comes late with its first change of this kind. */
  public slow(which: (change: Change) => boolean, meanwhile: () => Promise<unknown> | void): PaymentsLedger {
    return new PaymentsLedger(this.after(which, meanwhile), { region: 'us-west-2' });
  }

  /** A second region's attempt. */
  public attempt(ports: LedgerPorts = this.ports()): Attempt {
    return new Attempt(ports, { region: 'us-west-2' }, this.context());
  }

  /** A copy of what is stored. */
  public stored(pk: string): Item {
    return structuredClone(this.memory.items.get(pk)!);
  }

  public context(tenant = 'acme', deadlineMs = 10_000): CallContext {
    return { tenant, traceId: '1-0-0', deadlineMs: this.nowMs + deadlineMs };
  }
}

import { CallContext } from '../../src/ledger/model';
import { Decision, DecisionRequest, LedgerPorts } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { MemoryStore } from '../../tools/memory/memory-store';

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

  public context(tenant = 'acme', deadlineMs = 10_000): CallContext {
    return { tenant, traceId: '1-0-0', deadlineMs: this.nowMs + deadlineMs };
  }
}

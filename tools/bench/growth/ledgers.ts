/** Ledgers of both modes on any store, in virtual time. */
import { EpochStore } from '../../../src/ledger/homes/epoch-store.service';
import type { CallContext } from '../../../src/ledger/model';
import { LedgerPorts, LedgerStore } from '../../../src/ledger/ports';
import { accountPk } from '../../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { payment, tenant } from '../subjects/subjects';

/** STRONG; HOME_REGION in its first home; HOME_REGION after the home has moved once. In each the region that is home works. */
export const ledgerModes = ['STRONG', 'HOME_REGION', 'HOME_REGION, moved once'] as const;
export type LedgerMode = (typeof ledgerModes)[number];

const region = 'us-east-1';

/** Time that moves when the ledger waits, or when it is told to. */
export class VirtualTime {
  private ms = 1_800_000_000_000;
  private nonces = 0;

  /** @param random chance as the ledger has it */
  public constructor(private readonly random: () => number) {}

  public get nowMs(): number {
    return this.ms;
  }

  /** Never back. In whole milliseconds, as a function has them. */
  public goTo(ms: number): void {
    this.ms = Math.max(this.ms, Math.round(ms));
  }

  public ports(store: LedgerStore): LedgerPorts {
    return {
      store,
      nowMs: () => this.nowMs,
      random: this.random,
      // As long as a function's own.
      nonce: () => String((this.nonces += 1)).padStart(12, '0'),
      sleep: (ms) => {
        this.goTo(this.ms + ms);
        return Promise.resolve();
      },
    };
  }

  public context(): CallContext {
    return { tenant, traceId: '1-65000000-000000000000000000000001', deadlineMs: this.nowMs + 10_000 };
  }
}

export const epochOfMode = (mode: LedgerMode): number => (mode === 'HOME_REGION, moved once' ? 2 : 1);

/**
 * The ledger of a mode's home, as its functions have it once they know that they may write.
 *
 * @param arrived what the other region says that it has; absent where no call looks after its account
 */
export function ledgerIn(
  mode: LedgerMode,
  time: VirtualTime,
  store: LedgerStore,
  { epoch = epochOfMode(mode), arrived }: { readonly epoch?: number; readonly arrived?: LedgerPorts['arrived'] } = {},
): PaymentsLedger {
  if (mode === 'STRONG') return new PaymentsLedger(time.ports(store), { region });
  const ports = { ...time.ports(new EpochStore(store, epoch)), ...(arrived ? { arrived } : {}) };
  return new PaymentsLedger(ports, { region, copiesFollow: true });
}

/** Key under which a mode keeps an account. */
export function storedAccountPk(mode: LedgerMode, accountId: string): string {
  const pk = accountPk(tenant, accountId);
  return mode === 'STRONG' ? pk : `${pk}@${epochOfMode(mode)}`;
}

export const { amount, currency } = payment;

import { LedgerEncryption } from './ledger-encryption';

/** Options of `LedgerReplica.of`. */
export interface LedgerReplicaOptions {
  /**
   * How the table is encrypted; the same as the table's.
   *
   * @default LedgerEncryption.customerManaged()
   */
  readonly encryption?: LedgerEncryption;

  /**
   * Tenants whose payments are made to see whether the system works, such as a canary's: at most 10. The API takes their calls as any
   * others. Its business metrics do not count them, and the outbox publishes no events of them. Name the same ones in every region.
   *
   * @default - none
   */
  readonly syntheticTenants?: string[];
}

import { RemovalPolicy } from 'aws-cdk-lib';
import { LedgerBilling } from './ledger-billing';
import { LedgerEncryption } from './ledger-encryption';
import { PaymentRegions } from './payment-regions';

/** Properties of `IdempotentLedgerTable`. */
export interface IdempotentLedgerTableProps {
  /** Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every stack. The table is `<systemName>-ledger`. */
  readonly systemName: string;

  /** Where the copies are and how they agree. The mode never changes after the first deployment. */
  readonly regions: PaymentRegions;

  /**
   * How capacity is paid for.
   *
   * @default LedgerBilling.onDemand()
   */
  readonly billing?: LedgerBilling;

  /**
   * Which keys encrypt the replicas. Keys of your own are found by alias: deploy a `LedgerKey` in each region first.
   *
   * @default LedgerEncryption.customerManaged()
   */
  readonly encryption?: LedgerEncryption;

  /**
   * Whether each replica can be restored to any second of the recovery period.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;

  /**
   * Length of the recovery period in days, 1 to 35.
   *
   * @default 35
   */
  readonly recoveryPeriodDays?: number;

  /**
   * Whether replicas refuse to be deleted.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;

  /**
   * What happens to the table when it leaves the stack. `DESTROY` needs `acceptDataLoss` and `deletionProtection: false`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Says that losing every account, payment and idempotency key with the stack is meant: for tests, never for money.
   *
   * @default false
   */
  readonly acceptDataLoss?: boolean;

  /**
   * Whether CloudWatch Contributor Insights shows the keys that are throttled most, in each replica. It shows key values in plain text,
   * tenants and accounts among them, whatever encrypts the table: AWS advises against it for tables with a customer-managed key. Source:
   * the DynamoDB
   * developer guide, CloudWatch Contributor Insights, data encryption.
   *
   * @default false
   */
  readonly contributorInsights?: boolean;

  /**
   * Tags of each replica; they win over those of `Tags.of`, which reach each replica too.
   *
   * @default - none
   */
  readonly tags?: { [name: string]: string };
}

/** Capacity that follows the load. */
export interface LedgerCapacityProps {
  /** Units that are always there, at least 1. */
  readonly min: number;

  /** Units at most, more than `min`. */
  readonly max: number;

  /**
   * Utilisation to aim for, in percent, 20 to 90.
   *
   * @default 50
   */
  readonly targetUtilizationPercent?: number;
}

/** Options of `LedgerBilling.onDemand`. */
export interface OnDemandBillingProps {
  /**
   * Bound on the write units a second of the table, as a bound on what can be spent. Beyond it callers get 429.
   *
   * @default - none but the account's quota
   */
  readonly maxWriteRequestUnits?: number;

  /**
   * Bound on the read units a second of each replica.
   *
   * @default - none but the account's quota
   */
  readonly maxReadRequestUnits?: number;
}

/** Options of `LedgerBilling.provisioned`. */
export interface ProvisionedBillingProps {
  /** Write capacity of the table, index included, in units a second. */
  readonly write: LedgerCapacityProps;

  /** Read capacity of each replica, index included, in units a second. */
  readonly read: LedgerCapacityProps;
}

/** How the ledger's capacity is paid for. */
export class LedgerBilling {
  /** Paid per request. */
  public static onDemand(props?: OnDemandBillingProps): LedgerBilling {
    return new LedgerBilling(props ?? {});
  }

  /** Paid per hour of capacity, which follows the load: DynamoDB asks for scaling on a global table's writes. */
  public static provisioned(props: ProvisionedBillingProps): LedgerBilling {
    return new LedgerBilling(undefined, props);
  }

  private constructor(
    /** Bounds, when paid per request. */
    public readonly onDemandProps?: OnDemandBillingProps,
    /** Capacity, when provisioned. */
    public readonly provisionedProps?: ProvisionedBillingProps,
  ) {}
}

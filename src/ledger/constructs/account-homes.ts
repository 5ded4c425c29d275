/** Where accounts are at home when they are opened: with a whole tenant, since an idempotency key is the tenant's. */
export class AccountHomes {
  /** All accounts in one region. */
  public static oneRegion(region: string): AccountHomes {
    return new AccountHomes(1, region);
  }

  /**
   * Tenants spread over the regions by hash, in units that can be moved one by one.
   *
   * @param units how many, 2 to 256; it never changes after the first deployment. Default 16
   */
  public static byTenant(units?: number): AccountHomes {
    return new AccountHomes(units ?? 16);
  }

  private constructor(
    /** Number of units. */
    public readonly units: number,
    /** The one region, if there is one for all. */
    public readonly region?: string,
  ) {}
}

/** Who takes over from a home region that cannot be reached. */
export enum HomeTakeover {
  /** Another region, by itself, at its first request after the lease has run out. What had not replicated is missing there. */
  AUTOMATIC = 'AUTOMATIC',
  /** Nobody until an operator says so; until then calls for these accounts answer 503. */
  OPERATOR = 'OPERATOR',
}

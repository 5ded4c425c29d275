/** Which key encrypts the ledger. Give the table and every `LedgerReplica` the same one. */
export class LedgerEncryption {
  /** A key of your own in each replica's region, made by `LedgerKey` and found by its alias. */
  public static customerManaged(): LedgerEncryption {
    return new LedgerEncryption(true);
  }

  /** A key that DynamoDB owns: free, without a policy or an audit trail of your own. */
  public static awsOwned(): LedgerEncryption {
    return new LedgerEncryption(false);
  }

  private constructor(
    /** Whether keys of your own are used. */
    public readonly usesCustomerKeys: boolean,
  ) {}
}

/** Alias of a system's ledger key, in every region: a name instead of an ARN keeps the stacks free of references to each other. */
export function ledgerKeyAlias(systemName: string): string {
  return `alias/${systemName}-ledger`;
}

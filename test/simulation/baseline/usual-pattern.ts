import { LedgerStore } from '../../../src/ledger/ports';

/**
 * Idempotency as it is usually written down for this architecture: a conditional put of the key, then the debit, then the key's
 * result, in a global table that replicates with lag. The condition holds within one region only.
 */
export class UsualPattern {
  public debits = 0;

  constructor(private readonly store: LedgerStore) {}

  public async pay(key: string, accountId: string, amount: number): Promise<{ readonly debited: boolean }> {
    const pk = `idempotency#${key}`;
    const claimed = await this.store.create({ pk, status: 'IN_PROGRESS' });
    if (claimed.kind === 'refused') return { debited: false };
    const debit = await this.store.change({
      pk: `account#${accountId}`,
      require: [{ test: 'atLeast', path: ['available'], value: amount }],
      add: [[['available'], -amount]],
    });
    const debited = debit.kind === 'written';
    if (debited) this.debits += 1;
    await this.store.change({ pk, require: [], set: [[['status'], debited ? 'COMPLETED' : 'DECLINED']] });
    return { debited };
  }
}

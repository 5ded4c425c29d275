import { LedgerMode, TableMode } from '../contract';

/** What DynamoDB says of a table. */
export interface AskedTable {
  readonly mode: TableMode;
  /** Whether it names no copy in another region. */
  readonly isAlone: boolean;
}

/** The same, and which table that is. */
export interface DescribedTable extends AskedTable {
  readonly name: string;
  readonly region: string;
}

/**
 * What the ledger's table must be for each way of running it: the one fact that all parts of a system see, whatever app each was deployed
 * from.
 */
export const tableModeOf: Readonly<Record<LedgerMode, TableMode>> = { STRONG: 'STRONG', HOME_REGION: 'EVENTUAL' };

/** Why the ledger must not be run this way on its table; undefined when it may. */
export function ledgerTableProblem(ledger: LedgerMode, { name, region, mode }: Omit<DescribedTable, 'isAlone'>): string | undefined {
  if (mode === tableModeOf[ledger]) return undefined;
  if (mode === 'MISSING') return missing(name, region, 'IdempotentLedgerTable');
  const otherwise =
    ledger === 'STRONG'
      ? 'two regions would debit one payment twice'
      : 'a part of the system that takes it for STRONG would debit the same payments by another rule';
  return (
    `table '${name}' in ${region} has the consistency ${mode}; allowed: ${tableModeOf[ledger]}, since this stack was made for the ` +
    `mode ${ledger}: ${otherwise}; ` +
    'fix: give every stack of the system the same PaymentRegions; a table never changes its mode, so another mode needs another systemName'
  );
}

/** Why a ledger must not begin on this table although its mode is right; undefined when it may. */
export function aloneProblem({ name, region, isAlone }: DescribedTable): string | undefined {
  if (!isAlone) return undefined;
  return (
    `table '${name}' in ${region} has no replica in another region; allowed: a table that is in a replication group, since what one ` +
    'region accepts would be lost with it; fix: deploy IdempotentLedgerTable with the regions of PaymentRegions, or add the replica that ' +
    'was removed'
  );
}

/** Why the table of homes must not be used; undefined when it may. */
export function authorityTableProblem({ name, region, mode }: Omit<DescribedTable, 'isAlone'>): string | undefined {
  if (mode === 'STRONG') return undefined;
  if (mode === 'MISSING') return missing(name, region, 'HomeAuthorityTable');
  return (
    `table '${name}' in ${region} has the consistency ${mode}; allowed: STRONG: two regions would both be home; fix: deploy ` +
    `HomeAuthorityTable without overrides, under another systemName if the table is in use`
  );
}

function missing(name: string, region: string, construct: string): string {
  return (
    `there is no table '${name}' in ${region}; allowed: a table that exists before its users are deployed; fix: deploy the stack ` +
    `with ${construct} first, and see that 'systemName' and regions are the same in both`
  );
}

import { epochOf, inEpoch } from './carry.domain';
import { Attempt, GaveUp } from '../protocol/attempt.service';
import { accountPk, idOfPaymentId, keyItemPk } from '../protocol/domain';

/** What a request names in the ledger. */
export type Named = { readonly accountId: string } | { readonly paymentId: string };

/** Epochs that one batch read can ask for. */
const epochsSeen = 100;

/**
 * A unit without a record begins in the first epoch, which sees nothing of later ones. So where the ledger has items of a later one, the
 * authority's table is not that of these items: they were restored or copied without it. Only what the request names is looked at, once in
 * a unit's life; that much costs nothing, and what it cannot see is in docs/home-region.md.
 *
 * @param attempt on the ledger's own table
 */
export async function refuseLaterEpochs(attempt: Attempt, unit: number, named: Named): Promise<void> {
  const later = await laterItem(attempt, named);
  if (later === undefined) return;
  throw new GaveUp(
    'unknown',
    new Error(
      `the authority's table has no record of unit ${unit}, but the ledger has '${later}', of a later epoch than the first: write the ` +
        `record 'u#${unit}' with that epoch or a later one, as "Restore the ledger" in the runbook says`,
    ),
  );
}

async function laterItem(attempt: Attempt, named: Named): Promise<string | undefined> {
  if ('accountId' in named) return laterOf(attempt, accountPk(attempt.context.tenant, named.accountId));
  const id = idOfPaymentId(named.paymentId);
  if (id === undefined) return undefined;
  const later = await laterOf(attempt, keyItemPk(id));
  if (later !== undefined) return later;
  // A payment may be as the first epoch left it, and its account not.
  const payment = await attempt.strongRead(inEpoch(keyItemPk(id), 1));
  return payment?.acct === undefined ? undefined : laterOf(attempt, payment.acct as string);
}

async function laterOf(attempt: Attempt, pk: string): Promise<string | undefined> {
  const keys = Array.from({ length: epochsSeen - 1 }, (_, n) => inEpoch(pk, n + 2));
  const stored = (await attempt.retrying((store) => store.readMany(keys))).map((item) => item.pk);
  return stored.sort((one, other) => epochOf(other).epoch - epochOf(one).epoch)[0];
}

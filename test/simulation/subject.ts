import { Attempt } from '../../src/ledger/attempt.service';
import { accountPk, bounds } from '../../src/ledger/domain';
import { StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/service';
import { trim } from '../../src/ledger/trim.service';

/** What is simulated: the shipped files, or the same files with a mistake planted (see `mistakes/`). */
export const shipped = { Attempt, accountPk, bounds, PaymentsLedger, StoreFault, trim };

export type Subject = typeof shipped;

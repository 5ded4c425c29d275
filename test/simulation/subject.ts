import { Attempt } from '../../src/ledger/attempt.service';
import { accountPk, bounds } from '../../src/ledger/domain';
import { HomeLedger, HomeUnreachable } from '../../src/ledger/home.service';
import { HomeOperations } from '../../src/ledger/operate.service';
import { StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/service';
import { trim } from '../../src/ledger/trim.service';

/** What is simulated: the shipped files, or the same files with a mistake planted (see `mistakes/`). */
export const shipped = { Attempt, accountPk, bounds, HomeLedger, HomeOperations, HomeUnreachable, PaymentsLedger, StoreFault, trim };

export type Subject = typeof shipped;

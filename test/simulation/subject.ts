import { completion, DynamoInbox } from '../../src/events/consumer.aws';
import { Consumer } from '../../src/events/consumer.service';
import { entryOf } from '../../src/events/envelope.domain';
import { redrive as redriveRanges } from '../../src/events/outbox-redrive.service';
import { Outbox } from '../../src/events/outbox.service';
import { probeStore } from '../../src/events/probe.aws';
import { receiveProbe, sendProbe } from '../../src/events/probe.service';
import { publish, PutFailed } from '../../src/events/publish.service';
import { Sweep } from '../../src/events/sweep.service';
import { Attempt } from '../../src/ledger/attempt.service';
import { accountPk, bounds } from '../../src/ledger/domain';
import { HomeStatus } from '../../src/ledger/home-status.service';
import { HomeLedger, HomeUnreachable } from '../../src/ledger/home.service';
import { HomeOperations } from '../../src/ledger/operate.service';
import { StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/service';
import { trim } from '../../src/ledger/trim.service';

/** What is simulated: the shipped files, or the same files with a mistake planted (see `mistakes/`). */
export const shipped = {
  Attempt, accountPk, bounds, HomeLedger, HomeOperations, HomeStatus, HomeUnreachable, PaymentsLedger, StoreFault, trim,
  // Of the events: the inbox and the news of peers as they are on DynamoDB, since their conditions are what counts.
  completion, Consumer, DynamoInbox, entryOf, Outbox, probeStore, publish, PutFailed, receiveProbe, redriveRanges, sendProbe, Sweep,
};

export type Subject = typeof shipped;

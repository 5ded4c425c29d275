import { completion, DynamoInbox } from '../../src/events/consumers/aws';
import { Consumer } from '../../src/events/consumers/service';
import { Outbox } from '../../src/events/outbox/service';
import { Sweep } from '../../src/events/outbox/sweep.service';
import { probeStore } from '../../src/events/probes/aws';
import { receiveProbe, sendProbe } from '../../src/events/probes/service';
import { entryOf } from '../../src/events/publishing/envelope.domain';
import { publish, PutFailed } from '../../src/events/publishing/publish.service';
import { redrive as redriveRanges } from '../../src/events/redrive/outbox.service';
import { arrivedHere } from '../../src/ledger/homes/arrivals.service';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { HomeLedger, HomeUnreachable } from '../../src/ledger/homes/home.service';
import { HomeOperations } from '../../src/ledger/operator/operate.service';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { HomeStatus } from '../../src/ledger/operator/status.service';
import { StoreFault } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { accountPk, bounds } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';

/** What is simulated: the shipped files, or the same files with a mistake planted (see `mistakes/`). */
export const shipped = {
  Attempt,
  accountPk,
  arrivedHere,
  bounds,
  EpochStore,
  HomeLedger,
  HomeOperations,
  HomeStatus,
  HomeUnreachable,
  PaymentsLedger,
  reconcileAccount,
  StoreFault,
  trim,
  // Of the events: the inbox and the news of peers as they are on DynamoDB, since their conditions are what counts.
  completion,
  Consumer,
  DynamoInbox,
  entryOf,
  Outbox,
  probeStore,
  publish,
  PutFailed,
  receiveProbe,
  redriveRanges,
  sendProbe,
  Sweep,
};

export type Subject = typeof shipped;

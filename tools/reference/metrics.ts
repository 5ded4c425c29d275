/** What each metric of the package counts or measures, for its readers. */
import { apiMetrics } from '../../src/api/contract';
import { gateMetrics } from '../../src/approvals/contract';
import { stuckMetrics } from '../../src/approvals/stuck/contract';
import { cutoverMetrics } from '../../src/cutover/contract';
import { drillMetrics } from '../../src/drill/contract';
import { meshMetrics } from '../../src/events/contract';
import { ledgerMetrics } from '../../src/ledger/contract';

interface MetricGroup {
  readonly title: string;
  readonly names: Readonly<Record<string, string>>;
  /** Meaning by the name that CloudWatch knows. */
  readonly meanings: Readonly<Record<string, string>>;
}

export const metricGroups: readonly MetricGroup[] = [
  {
    title: 'API',
    names: apiMetrics,
    meanings: {
      ApiFaults: 'answers 503, and other faults of the functions; those of API Gateway itself are not in it',
      UnhealthyAnswers: 'health checks that were answered 503; a 0 for each other one',
      PaymentsAuthorised: 'payments that were accepted',
      PaymentsDeclined: 'payments that were declined',
      AnswersReplayed: 'requests whose key had its answer already',
      RequestsInFlight: 'requests whose key was still at work elsewhere: 409 with `Retry-After`',
    },
  },
  {
    title: 'ledger',
    names: ledgerMetrics,
    meanings: {
      ReplicatedWriteConflicts: 'writes that DynamoDB refused because another region wrote the item at the same time',
      InFlightTakeovers: 'requests that a later call finished, since the first had stopped',
      LedgerThrottles: 'calls that DynamoDB throttled',
      OutcomeUnknown: 'calls to DynamoDB without an answer; the ledger reads whether they had effect',
      AccountsBusy: 'calls answered 429 because the account had no room for another entry',
      TrimFailures: 'entries of an account that could not be completed, or visits that ended at them',
      PaymentsDecided: 'payments that this region decided itself: no replay, none sent to another home',
      HomeUnreachable: 'calls that could not be sent to the home of their account (`HOME_REGION`)',
      HomeTakeovers: 'homes that this region took over (`HOME_REGION`)',
      LedgerTableMismatches: 'calls answered 503 because the table is not of the mode that the function was made for',
    },
  },
  {
    title: 'events',
    names: meshMetrics,
    meanings: {
      ProbeLatency: 'milliseconds from the sending of a probe to its arrival, by the region that sent it (`Peer`)',
      EventsPublished: 'events that the outbox put on the bus',
      EventPublishFailures: 'events given up after all retries, and kept as dead letters',
      EventsSwept: 'events of a silent region that this region published in its place',
      EventsConsumed: 'events that a consumer took effect of (`Consumer`)',
      DuplicateEvents: 'events that a consumer had already, and discarded',
      EventsSetAside: 'messages that a consumer could not read, and kept as dead letters',
      EventsRefused: 'events of a source that the consumer does not accept',
      OutOfOrderEvents: 'events that came after a later one of their subject; they are passed on with a mark',
    },
  },
  {
    title: 'approvals',
    names: { ...gateMetrics, ...stuckMetrics },
    meanings: {
      ApprovalSweeps: 'finished sweeps of the gate',
      PendingApprovals: 'approvals that wait',
      ApprovalFaults: 'what did not work and is tried again, such as a mail',
      ApprovalStarts: 'executions that the gate started for a person',
      ForgedApprovals: 'answers that an execution got from another side than the gate',
      OldestApprovalAgeSeconds: 'how long the oldest open task of a state machine has waited; 0 without one',
      OpenApprovals: 'open tasks of the state machines that are watched',
      ApprovalSamples: 'samples of them that saw everything',
    },
  },
  {
    title: 'cutover',
    names: cutoverMetrics,
    meanings: {
      CutoverNeedsAttention: 'runs that ended PAUSED or FAILED',
      CutoverUnexplainedDifferences: 'items that differ between the regions without a reason, by the round of the comparison',
      CutoverReconciliationRounds: 'finished rounds of the comparison',
      CutoverRefusedCalls: 'calls of a function that changes something, by another caller than the one it works for',
    },
  },
  {
    title: 'drill',
    names: drillMetrics,
    meanings: {
      DrillsPassed: 'drills that were passed, by `DrilledRegion`',
      DrillsFailed: 'drills that failed, or were ended before',
      DrillWatchdogRestored: 'times that the watchdog put the region back',
      DaysSinceDrillPassed: 'days since a drill was last passed',
    },
  },
];

/** What else stands among a group's names is of dimensions. */
export const isMetric = (name: string): boolean => name !== 'namespace' && !name.endsWith('Dimension');

/** Names of a group's metrics. */
export const metricsOf = ({ names }: MetricGroup): string[] =>
  Object.entries(names)
    .filter(([name]) => isMetric(name))
    .map(([, value]) => value);

/**
 * Figures whose document does not say where they come from, for a reason: read one by one on 30 November 2026. A new figure is no case
 * for this list: it names its command or its source.
 */
export interface Elsewhere {
  readonly document: string;
  /** The beginning of the block that has the figure. */
  readonly begins: string;
  readonly why: string;
  /** Where the figure stands in the code, with a text of that file. */
  readonly code?: readonly [file: string, text: string];
}

const bound = 'a bound of the code, which is no measurement';
const alarm = 'a threshold of an alarm: docs/alarms.md has it from the templates';
const promise = "AWS's own promise or retention, which the reader finds under the service's name: no figure of this project";
const share = 'a share of the traffic that a team chooses';
const wait = 'how long to wait before one acts, with room: no measurement';

export const elsewhere: readonly Elsewhere[] = [
  {
    document: 'ARCHITECTURE.md',
    begins: 'In `HOME_REGION` an entry goes',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  {
    document: 'ARCHITECTURE.md',
    begins: 'An account holds up to',
    why: bound,
    code: ['src/ledger/contract.ts', 'entriesPerAccount: 5_000'],
  },
  { document: 'docs/callers.md', begins: '| answer | do |', why: "longer than API Gateway and Lambda's timeouts together" },
  { document: 'docs/callers.md', begins: '| to end | do | takes |', why: bound, code: ['src/runtime/key-set.ts', 'freshMs: 600_000'] },
  {
    document: 'docs/callers.md',
    begins: "Route 53 asks for a region's health",
    why: bound,
    code: ['src/api/constructs/active-active-payments-api.ts', 'throttlingRateLimit: 20'],
  },
  { document: 'docs/canary.md', begins: 'In `HOME_REGION` a region reads', why: bound, code: ['src/canary/contract.ts', 'ownSeconds: 48'] },
  { document: 'docs/canary.md', begins: 'It asks again where', why: bound, code: ['src/canary/contract.ts', 'callMs: 15_000'] },
  { document: 'docs/cost.md', begins: '- Data to callers over', why: 'rounded from the sizes of answers, to say why it is left out' },
  {
    document: 'docs/cost.md',
    begins: "- What canaries and the drill's prober",
    why: bound,
    code: ['src/drill/contract.ts', 'callerPauseMs: 500'],
  },
  { document: 'docs/cost.md', begins: '- With drills by a fault', why: bound, code: ['src/drill/fault/contract.ts', 'pollSeconds: 20'] },
  { document: 'docs/cutover.md', begins: '5. Wait 24 hours', why: wait },
  { document: 'docs/cutover.md', begins: 'An alarm without data', why: share },
  { document: 'docs/cutover.md', begins: 'A failure here is dear', why: bound, code: ['src/cutover/contract.ts', 'closingTries: 5'] },
  {
    document: 'docs/cutover.md',
    begins: '- Route 53 has seen the source unhealthy',
    why: bound,
    code: ['src/cutover/checks/precheck.domain.ts', 'healthyMinutes = 3'],
  },
  { document: 'docs/cutover.md', begins: '- **The source.** Health checks', why: share },
  {
    document: 'docs/cutover.md',
    begins: '- Records do not go back',
    why: bound,
    code: ['src/cutover/audit/service.ts', 'clockToleranceMs = 5_000'],
  },
  { document: 'docs/documents.md', begins: '| alarm | in the region |', why: alarm },
  { document: 'docs/documents.md', begins: 'S3 publishes these metrics', why: promise },
  { document: 'docs/drill.md', begins: '- The prober stands near', why: bound, code: ['src/drill/contract.ts', 'servedMs: 15_000'] },
  {
    document: 'docs/drill.md',
    begins: '- `/health` of each region',
    why: bound,
    code: ['src/drill/steps/look.service.ts', 'healthyMinutes = 3'],
  },
  { document: 'docs/edge.md', begins: '- Alarms: [5xx]', why: alarm },
  { document: 'docs/events.md', begins: '- looks at each entry', why: bound, code: ['src/events/publishing/publish.aws.ts', '256 * 1024'] },
  { document: 'docs/events.md', begins: '- repeats with jitter', why: bound, code: ['src/events/publishing/publisher.aws.ts', 'budgetMs'] },
  { document: 'docs/events.md', begins: '- a circle, half of', why: bound, code: ['src/events/publishing/publish.aws.ts', '256 * 1024'] },
  {
    document: 'docs/events.md',
    begins: '- An event that the bus does',
    why: bound,
    code: ['src/events/outbox/outbox-props.ts', 'Duration.hours(12)'],
  },
  {
    document: 'docs/events.md',
    begins: '- An event with its envelope',
    why: bound,
    code: ['src/events/publishing/publish.aws.ts', '256 * 1024'],
  },
  { document: 'docs/events.md', begins: "- Within the rules' 24 hours", why: promise },
  { document: 'docs/events.md', begins: '- The outbox and the sweep', why: promise },
  {
    document: 'docs/events.md',
    begins: '- **Holds beside their claims**',
    why: bound,
    code: ['src/events/outbox/domain.ts', 'waitMs: 10_000, lateMs: 5_000'],
  },
  {
    document: 'docs/events.md',
    begins: '- **The stream is the retry.**',
    why: bound,
    code: ['src/events/outbox/outbox-props.ts', 'Duration.hours(12)'],
  },
  {
    document: 'docs/home-region.md',
    begins: '- Who is home stands',
    why: 'times of the protocol, which the section "In the code" adds up',
  },
  {
    document: 'docs/home-region.md',
    begins: '- When a home does not',
    why: 'times of the protocol, which the section "In the code" adds up',
  },
  {
    document: 'docs/home-region.md',
    begins: '- An account **lets go**',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  {
    document: 'docs/home-region.md',
    begins: '- **Arrivals**',
    why: bound,
    code: ['src/ledger/homes/arrivals.service.ts', 'leftAloneAsOlderMs = 600_000'],
  },
  { document: 'docs/home-region.md', begins: '- **Times.** Deadline', why: 'times of the protocol, and their sum' },
  { document: 'docs/operations.md', begins: "![The dashboard's first rows", why: 'what the picture shows' },
  { document: 'docs/operations.md', begins: 'In this picture', why: 'what the picture shows' },
  {
    document: 'docs/reliability.md',
    begins: '- Items replicate before',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  {
    document: 'docs/runbook.md',
    begins: '| | `STRONG` |',
    why: 'times of the protocol, from which the reader reckons: docs/reliability.md holds them together',
  },
  { document: 'docs/runbook.md', begins: '| alarm | why |', why: alarm },
  { document: 'docs/runbook.md', begins: 'Calls get a 5xx', why: alarm },
  { document: 'docs/runbook.md', begins: 'One call in a hundred', why: alarm },
  { document: 'docs/runbook.md', begins: 'The ledger got no answer', why: 'times of the protocol, from the table "What is always true"' },
  {
    document: 'docs/runbook.md',
    begins: 'At least one account has',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterCrowdedMs: 600'],
  },
  {
    document: 'docs/runbook.md',
    begins: '- **A region that does not answer**',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  {
    document: 'docs/runbook.md',
    begins: '- **Declines** (`D`)',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  {
    document: 'docs/runbook.md',
    begins: '- Other entries, and none',
    why: bound,
    code: ['src/ledger/protocol/domain.ts', 'trimAfterReplicatedMs: 15 * 60_000'],
  },
  { document: 'docs/runbook.md', begins: '`ThrottledRules` above 0', why: promise },
  { document: 'docs/runbook.md', begins: "The global endpoint's health", why: alarm },
  { document: 'docs/runbook.md', begins: '3. Its event is not published', why: promise },
  { document: 'docs/runbook.md', begins: 'For ten minutes payments', why: promise },
  { document: 'docs/runbook.md', begins: '2. `aws lambda invoke --region $HERE --function-name $SYSTEM-outbox-redrive', why: promise },
  { document: 'docs/runbook.md', begins: '- Claims that had not replicated', why: promise },
  { document: 'docs/runbook.md', begins: 'Requests at the edge get', why: alarm },
  { document: 'docs/runbook.md', begins: 'One request in a hundred', why: alarm },
  { document: 'docs/runbook.md', begins: 'Documents from another region', why: alarm },
  { document: 'docs/runbook.md', begins: 'More than 1 GiB', why: alarm },
  { document: 'docs/runbook.md', begins: '- `ReplicationLatency` of the same', why: promise },
  { document: 'docs/runbook.md', begins: '`before.json` must show', why: wait },
  {
    document: 'docs/runbook.md',
    begins: '3. Within 15 minutes it answers',
    why: bound,
    code: ['src/ledger/constructs/home-operator.ts', 'Duration.minutes(15)'],
  },
  { document: 'docs/runbook.md', begins: '5. Stop the functions that', why: 'times of the protocol, from the table "What is always true"' },
  { document: 'docs/runbook.md', begins: 'Keys rotate by themselves', why: promise },
  {
    document: 'docs/scaling.md',
    begins: 'The outbox sends up to 10',
    why: bound,
    code: ['src/events/outbox/outbox-props.ts', 'Duration.hours(12)'],
  },
  { document: 'docs/security.md', begins: 'So a page in the browser', why: 'the time that a signature is good for, as at AWS' },
  { document: 'examples/migration/README.md', begins: 'The system of [active-active]', why: share },
  { document: 'local/README.md', begins: '- `buses/`', why: 'a bound of the local run, which is no measurement' },
  {
    document: 'local/README.md',
    begins: "The example's canaries run",
    why: 'an example of `--minute` by default: five minutes of 5 s each',
  },
  {
    document: 'local/README.md',
    begins: 'The page draws the dashboards',
    why: 'an example of `--minute` by default: sixty minutes of 5 s each',
  },
];

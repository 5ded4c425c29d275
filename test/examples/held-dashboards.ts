/** What a dashboard draws, as `held-properties.ts` holds alarms, queues and functions. */

const events = [
  'Events sent',
  'Events received',
  'Events late: the way of a probe',
  'Events dead: in dead-letter queues',
  'Events not taken',
  'Consumers: age of the oldest event that waits',
];
const traffic = [
  'Split by region',
  'Payments by status',
  'Replays and calls in flight',
  'Time to answer',
  'Answers with 5xx',
  'Health checks answered 503',
  'Health check of REGION',
  'Canaries: runs that passed',
  'Canaries: length of a run',
];
const accounts = ['Write conflicts', 'In-flight takeovers', 'Hot accounts', 'Not sure, and wrong tables'];
const last = ['Throttles', 'Ledger, units', 'API, requests', 'Functions of the account, invocations', 'Alarms'];
const people = [
  'Approvals that wait',
  'Age of the oldest open approval',
  'Gate: sweeps, faults and forged answers',
  'Cutover runs',
  'Cutover: what the regions differ in',
  'Cutover: refused calls',
];

/** What a dashboard draws, by mode; the example that is moved shows people too. A widget that is gone is missed at three in the morning. */
export const dashboards: readonly (readonly string[])[] = [
  [...traffic, 'Quorum: time of a write in two regions', 'Quorum: requests that failed in DynamoDB', ...accounts, ...events, ...last],
  [...traffic, 'Replication lag', ...accounts, 'Homes', ...events, ...last],
  [...traffic, 'Replication lag', ...accounts, 'Homes', ...events, ...people, ...last],
];

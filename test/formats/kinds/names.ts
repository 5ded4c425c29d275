import * as api from '../../../src/api/contract';
import * as gate from '../../../src/approvals/contract';
import * as stuck from '../../../src/approvals/stuck/contract';
import * as canary from '../../../src/canary/contract';
import * as cutoverChecks from '../../../src/cutover/checks/contract';
import * as cutover from '../../../src/cutover/contract';
import * as cutoverMachine from '../../../src/cutover/machine/contract';
import * as documents from '../../../src/documents/contract';
import * as drill from '../../../src/drill/contract';
import * as drillFault from '../../../src/drill/fault/contract';
import * as drillMachine from '../../../src/drill/machine/contract';
import * as edge from '../../../src/edge/contract';
import * as events from '../../../src/events/contract';
import { canonicalJson, Json } from '../../../src/kernel/fingerprint';
import * as systemMetrics from '../../../src/kernel/system-metrics';
import * as systemNames from '../../../src/kernel/system-names';
import * as ledger from '../../../src/ledger/contract';
import * as operations from '../../../src/operations/contract';
import { Format, forEver, plain } from '../format';

/** Contracts, by the file below `src`. */
export const contracts: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'api/contract': api,
  'approvals/contract': gate,
  'approvals/stuck/contract': stuck,
  'canary/contract': canary,
  'cutover/checks/contract': cutoverChecks,
  'cutover/contract': cutover,
  'cutover/machine/contract': cutoverMachine,
  'drill/contract': drill,
  'drill/fault/contract': drillFault,
  'drill/machine/contract': drillMachine,
  'documents/contract': documents,
  'edge/contract': edge,
  'events/contract': events,
  'ledger/contract': ledger,
  'kernel/system-metrics': systemMetrics,
  'kernel/system-names': systemNames,
  'operations/contract': operations,
};

const system = 'acme-pay';
const region = 'us-east-1';
const peer = 'eu-central-1';

/** Every name that one part makes and another one finds by convention, in the same deployment or a later one. */
export const names: Readonly<Record<string, Json>> = {
  ledgerTableName: ledger.ledgerTableName(system),
  authorityTableName: ledger.authorityTableName(system),
  homeStatusName: ledger.homeStatusName(system),
  homeFunctionName: [ledger.homeFunctionName(system, 'payments'), ledger.homeFunctionName(system, 'accounts')],
  homeOperatorName: ledger.homeOperatorName(system),
  homeMoveName: ledger.homeMoveName(system),
  heartbeatKey: ledger.heartbeatKey(region),
  drainKey: ledger.drainKey(region),
  meshBusName: events.meshBusName(system),
  ledgerEventSource: events.ledgerEventSource(system),
  meshEventSource: events.meshEventSource(system),
  meshDeadLetterQueueName: events.meshDeadLetterQueueName(system),
  meshStraysQueueName: events.meshStraysQueueName(system),
  forwardingRuleName: events.forwardingRuleName(system, peer),
  forwardingRoleName: events.forwardingRoleName(system, region, peer),
  replicationRoleName: events.replicationRoleName(system),
  functionRoleName: events.functionRoleName(system, 'outbox', 'ap-northeast-1'),
  meshEndpointName: events.meshEndpointName(system),
  meshArchiveName: events.meshArchiveName(system),
  meshTableName: events.meshTableName(system),
  meshRedriveName: events.meshRedriveName(system),
  publisherRedriveName: events.publisherRedriveName(system),
  inboxTableName: events.inboxTableName(system, 'mail'),
  documentsBucketName: documents.documentsBucketName(system, '111122223333', region),
  documentsKeyAlias: documents.documentsKeyAlias(system),
  copyRoleName: documents.copyRoleName(system, region),
  backfillRoleName: documents.backfillRoleName(system, region),
  copyRuleName: documents.copyRuleName(peer),
  parityRecordName: documents.parityRecordName(system, { from: region, to: peer }),
  siteBucketName: edge.siteBucketName(system, '111122223333', region),
  edgeLogName: edge.edgeLogName(system),
  outboxRedriveName: events.outboxRedriveName(system),
  outboxQueueName: (['outbox-dlq', 'sweep', 'sweep-dlq'] as const).map((queue) => events.outboxQueueName(system, queue)),
  consumerQueueName: (['queue', 'dlq'] as const).map((queue) => events.consumerQueueName(system, 'mail', queue)),
  auditPath: cutover.auditPath(system),
  auditName: cutover.auditName(system, 7),
  auditKeyAlias: cutover.auditKeyAlias(system),
  regionAddressName: systemNames.regionAddressName(system),
  cutoverName: systemNames.cutoverName(system),
  cutoverStatusName: cutover.cutoverStatusName(system),
  setIdentifier: cutover.setIdentifier(system, 'target', 3),
  canaryName: (['REGION', 'NAME'] as const).map((target) => canary.canaryName(system, target)),
  canaryRoleName: canary.canaryRoleName(system, region),
  canaryLogGroupName: canary.canaryLogGroupName(canary.canaryName(system, 'REGION'), 'ID'),
  drillName: drill.drillName(system, region),
  drillProberName: drill.drillProberName(system, region),
  drillWatchdogName: drill.drillWatchdogName(system, region),
  problemType: api.problemType('key_reused'),
  restApiName: api.restApiName(system),
  dashboardName: operations.dashboardName(system, region),
};

/** What a contract exports that others find by its text: attribute names, metrics, prefixes, routes. */
const text =
  /(Schema|Metrics|Prefix|Member|Metadata|Header|Headers|Paths|Routes|Scopes|Types|probeType|MediaType|BasePath|Keys|KeyPattern|Reason|Calls)$/;
export const isText = (name: string): boolean => text.test(name);
export const isNaming = (name: string): boolean => /^(?!is|read|write).*(Name|Alias|Path|Source|Key|Identifier|Type)$/.test(name);

/** Each text is a case of its own: what is added is a new one, and no old one changes. */
function leaves(path: string, value: Json): readonly (readonly [string, Json])[] {
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => [`${path} has ${canonicalJson(one)}`, one]);
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(`${path}.${name}`, member as Json));
}

function texts(): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(contracts).flatMap(([file, exported]) =>
      Object.entries(exported)
        .filter(([name, value]) => isText(name) && typeof value !== 'function')
        .flatMap(([name, value]) => leaves(`${file}: ${name}`, plain(value))),
    ),
  );
}

export const nameFormats: readonly Format[] = [
  forEver(
    'names.physical',
    'parts that are deployed on their own no longer find each other, and a stateful resource of another name begins empty',
    names,
  ),
  forEver('names.texts', 'items, metrics, alarms, routes or headers of before are not found under the new name', () =>
    Promise.resolve(texts()),
  ),
];

import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { PropProblem, invalidProps } from './invalid-props';

/** Where a resource may stand that is passed in a prop, beside the construct that takes it. */
interface PlaceRule {
  /** Whether it must stand in the construct's region. */
  readonly region: boolean;
  /** Whether it must stand in the construct's account. */
  readonly account: boolean;
  /** Why, as the message says it. */
  readonly since: string;
  /** Classes of which resources may stand anywhere. */
  readonly except?: readonly string[];
}

const part: PlaceRule = {
  region: true,
  account: true,
  since: 'parts of a system find each other by names in their own region and account',
};
const own: PlaceRule = { region: true, account: true, since: 'it is called and granted in this region and account' };
/** Another account's policy can let us use it; no service uses one of another region. */
const key: PlaceRule = { region: true, account: false, since: 'a service encrypts only with keys of its own region' };
const topic: PlaceRule = { region: true, account: false, since: "SNS takes messages by the endpoint of the topic's own region" };
const action: PlaceRule = { region: true, account: false, since: 'a CloudWatch alarm acts only on resources of its own region' };
const secret: PlaceRule = { region: true, account: false, since: 'it is read by the endpoint of this region' };
/** Route 53 is global, its records are not: CloudFormation changes zones of its own account. */
const zone: PlaceRule = { region: false, account: true, since: 'its records are changed with the rights of this account' };

/**
 * Every prop of the public API that takes a resource, by `Interface.prop`. A test finds a prop that is missing here. Certificates in
 * us-east-1, whatever the region, are a matter of CloudFront and of edge-optimised domains (API Gateway developer guide, "Get certificates
 * ready in AWS Certificate Manager"); those of the API are regional. Rules send to buses anywhere and to all else in their own region
 * (EventBridge user guide, cross-account targets).
 */
export const placeRules: Readonly<Record<string, PlaceRule>> = {
  'ActiveActivePaymentsApiProps.ledger': part,
  'ApprovalGateProps.alarmActions': action,
  'ApprovalGateProps.encryptionKey': key,
  'ApprovalGateProps.escalationTopic': topic,
  'ApprovalGateProps.topic': topic,
  'CanaryClientProps.clientSecret': secret,
  'CognitoApproversProps.clientSecret': secret,
  'CrossRegionEventMeshProps.encryptionKey': key,
  'CustomAuthorizationProps.authorizer': { region: true, account: true, since: 'an authorizer belongs to an API' },
  'CutoverChecks.ownCheck': own,
  'DrillProberProps.clientSecret': secret,
  'DocumentsAlarmOptions.actions': action,
  'EdgeAlarmOptions.actions': action,
  'EdgeDomainProps.certificate': {
    region: true,
    account: true,
    since: 'CloudFront takes certificates of us-east-1 alone, where this stack stands',
  },
  'EdgeDomainProps.hostedZone': zone,
  'HomeOperatorProps.ledger': part,
  'IdempotentConsumerAlarmOptions.actions': action,
  'IdempotentConsumerProps.encryptionKey': key,
  'IdempotentConsumerProps.handler': own,
  'IdempotentConsumerProps.mesh': part,
  'LedgerOutboxAlarmOptions.actions': action,
  'LedgerOutboxProps.encryptionKey': key,
  'LedgerOutboxProps.ledger': part,
  'LedgerOutboxProps.mesh': part,
  'MeshAlarmOptions.actions': action,
  'MeshTargetProps.target': {
    region: true,
    account: false,
    since: "a rule sends to other regions' buses, and to nothing else there",
    except: ['EventBus'],
  },
  'MutualTlsProps.trustStoreBucket': { region: true, account: false, since: 'API Gateway reads the trust store in its own region' },
  'OidcApproversProps.clientSecret': secret,
  'PaymentDecisionProps.function': own,
  'PaymentsAlarmOptions.actions': action,
  'PaymentsDashboardProps.alarms': { region: true, account: true, since: "a widget of alarms shows those of the dashboard's own stack" },
  'PaymentsDashboardProps.api': part,
  'PaymentsDashboardProps.canary': part,
  'PaymentsDashboardProps.consumers': part,
  'PaymentsDashboardProps.mesh': part,
  'PaymentsDashboardProps.outbox': part,
  'PaymentsDomainProps.certificate': {
    region: true,
    account: true,
    since: 'a regional domain takes no certificate of another region or account',
  },
  'PaymentsDomainProps.hostedZone': zone,
  'PaymentsFunctionOptions.environmentKey': key,
  'PhasedCutoverStateMachineProps.alarmActions': action,
  'PhasedCutoverStateMachineProps.gate': own,
  'PhasedCutoverStateMachineProps.hostedZone': zone,
  'PaymentsCanaryProps.alarmActions': action,
  'PaymentsCanaryProps.api': part,
  'RegionDrillProps.alarmActions': action,
  'RegionDrillProps.api': part,
  'RegionDrillProps.gate': own,
  'RegionDrillProps.mesh': part,
  'RegionDrillProps.topic': topic,
  'RegionFaultProps.api': part,
  'RegionFaultProps.mesh': part,
  'RegionFaultProps.stopAlarms': { region: true, account: true, since: 'an experiment is stopped by alarms of its own region' },
  'StuckApprovalAlarmProps.escalationTopic': action,
  'StuckApprovalAlarmProps.reminderTopic': action,
  'StuckApprovalAlarmProps.stateMachine': own,
  'WeightedRecordsProps.hostedZone': zone,
};

/** Throws for the first resource of some props that stands where it cannot be used. What is known at deployment alone passes. */
export function checkPlaces(scope: Construct, interfaceName: string, props: object | undefined, prefix = ''): void {
  for (const [name, given] of Object.entries(props ?? {})) {
    const rule = Object.hasOwn(placeRules, `${interfaceName}.${name}`) ? placeRules[`${interfaceName}.${name}`] : undefined;
    if (!rule) continue;
    for (const one of Array.isArray(given) ? (given as unknown[]) : [given]) {
      const problem = placeProblem(scope, `${prefix}${name}`, one, rule);
      if (problem) throw invalidProps(scope, problem);
    }
  }
}

/** Throws where a method is given a construct of another place than the one that its rule, target or permission must stand in. */
export function checkSamePlace(scope: Construct, prop: string, given: IConstruct): void {
  const problem = placeProblem(scope, prop, given, own);
  if (problem) throw invalidProps(scope, problem);
}

interface StackPlace {
  readonly region: string;
  readonly account: string;
}

function placeProblem(scope: Construct, prop: string, given: unknown, rule: PlaceRule): PropProblem | undefined {
  const { region, account } = Stack.of(scope);
  for (const { name, place } of placesOf(given)) {
    if (rule.except?.includes(name)) continue;
    const foreign = (kind: keyof StackPlace, ours: string): boolean => rule[kind] && isForeign(place[kind], ours);
    if (!foreign('region', region) && !foreign('account', account)) continue;
    const ours = [...(rule.region ? [`the stack's region ${region}`] : []), ...(rule.account ? [`account ${account}`] : [])];
    return {
      prop,
      given: `in ${foreign('region', region) ? place.region : `account ${place.account}`}`,
      allowed: `${ours.join(' and ')}: ${rule.since}`,
      mend: "give each region's stack one of its own",
    };
  }
  return undefined;
}

/** Both known, and different. The same token is the same place. */
function isForeign(theirs: string, ours: string): boolean {
  return theirs !== '' && theirs !== ours && !Token.isUnresolved(theirs) && !Token.isUnresolved(ours);
}

/** Where a resource stands, or what a target or an action holds: those are no resources and have one. */
function placesOf(given: unknown): { readonly name: string; readonly place: StackPlace }[] {
  if (typeof given !== 'object' || given === null) return [];
  const place = placeOf(given);
  if (place) return [{ name: given.constructor.name, place }];
  return Object.values(given).flatMap((held: unknown) => {
    const theirs = typeof held === 'object' && held !== null ? placeOf(held) : undefined;
    return theirs ? [{ name: given.constructor.name, place: theirs }] : [];
  });
}

/** The ARN first: some resources of other stacks say that they stand where they were imported. */
function placeOf(given: object): StackPlace | undefined {
  const { _env, env = _env } = given as { env?: StackPlace; _env?: StackPlace };
  const construct = Construct.isConstruct(given) ? given : undefined;
  if (!env && !construct) return undefined;
  const { region, account } = env ?? Stack.of(construct!);
  const arn = arnOf(given);
  const parsed =
    arn === undefined ? undefined : Stack.of(construct ?? (given as { stack: Stack }).stack).splitArn(arn, ArnFormat.NO_RESOURCE_NAME);
  return { region: parsed?.region || region, account: parsed?.account || account };
}

const arnProps = ['certificateArn', 'functionArn', 'keyArn', 'topicArn', 'queueArn', 'secretArn', 'stateMachineArn', 'eventBusArn'];

/** A known one. */
function arnOf(given: object): string | undefined {
  return arnProps
    .map((name) => (given as Record<string, unknown>)[name])
    .find((arn): arn is string => typeof arn === 'string' && arn.startsWith('arn:') && !Token.isUnresolved(arn));
}

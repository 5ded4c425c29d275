import path from 'path';
import { Duration, Stack } from 'aws-cdk-lib';
import { RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { HostedZone, IHostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Chain, DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { account, homeRegions, regions } from './stacks';
import * as lib from '../../src/index';

/** Props of one interface, which take the place of those that a valid construct has. */
export type Override = Readonly<Record<string, unknown>>;

const systemName = 'acme';
const approver = `arn:aws:iam::${account}:role/approver`;
const oidc = { issuer: 'https://login.example.com', clientId: 'gate' };

const ledgerOf = (stack: Stack): lib.LedgerReplica => lib.LedgerReplica.of(stack, systemName, regions);
const meshOf = (stack: Stack, override: Override = {}): lib.CrossRegionEventMesh =>
  new lib.CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas, ...override });
const zoneOf = (stack: Stack): IHostedZone =>
  HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z0123456789EXAMPLE00', zoneName: 'example.com' });
export const functionOf = (stack: Stack, id = 'Handler', timeout: Duration | undefined = Duration.seconds(10)): Function =>
  new Function(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 1'),
    timeout,
  });
const jwt = { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' };
const api = (stack: Stack, override: Override): unknown =>
  new lib.ActiveActivePaymentsApi(stack, 'Api', {
    ledger: ledgerOf(stack),
    authorization: lib.PaymentsAuthorization.jwt(jwt),
    ...override,
  });
const domain = (stack: Stack, override: Override): unknown =>
  api(stack, {
    domain: {
      name: 'pay.example.com',
      hostedZone: zoneOf(stack),
      certificate: Certificate.fromCertificateArn(stack, 'Certificate', `arn:aws:acm:${stack.region}:${account}:certificate/one`),
      ...override,
    },
  });
const table = (stack: Stack, override: Override): unknown =>
  new lib.IdempotentLedgerTable(stack, 'Table', { systemName, regions, ...override });
const consumer = (stack: Stack, override: Override): unknown =>
  new lib.IdempotentConsumer(stack, 'Consumer', { mesh: meshOf(stack), consumerName: 'mailer', handler: functionOf(stack), ...override });
const outbox = (stack: Stack, override: Override): unknown =>
  new lib.LedgerOutbox(stack, 'Outbox', { ledger: ledgerOf(stack), mesh: meshOf(stack), ...override });
const gate = (stack: Stack, override: Override = {}): lib.ApprovalGate =>
  new lib.ApprovalGate(stack, 'Gate', { gateName: 'acme-gate', identity: lib.ApproverIdentity.iam(), approvers: [approver], ...override });
const task = (stack: Stack, override: Override): lib.ApprovalTask =>
  gate(stack).task(stack, 'Ask', { subject: 'Move', question: 'Go?', startedByPath: '$.startedBy', ...override });
const machine = (stack: Stack, override: Override = {}): StateMachine =>
  new StateMachine(stack, 'Watched', { definitionBody: DefinitionBody.fromChainable(Chain.start(task(stack, override))) });
const records = { systemName, source: 'us-east-1', target: 'us-west-2', publicName: 'pay.example.com' };
const cutoverAlarms = ['us-east-1', 'us-west-2'].map((region) => ({ region, alarmName: 'watch' }));
const phase = { targetPercent: 100, approval: false };
const cutover = (stack: Stack, override: Override): unknown =>
  new lib.PhasedCutoverStateMachine(stack, 'Cutover', {
    ...records,
    regions,
    hostedZone: zoneOf(stack),
    alarms: cutoverAlarms,
    phases: [phase],
    ...override,
  });
const dashboard = (stack: Stack, override: Override): unknown =>
  new lib.PaymentsDashboard(stack, 'Dashboard', {
    api: new lib.ActiveActivePaymentsApi(stack, 'Api', { ledger: ledgerOf(stack), authorization: lib.PaymentsAuthorization.jwt(jwt) }),
    ...override,
  });
/** A site that is built already: the example's. */
export const siteFolder = path.join(__dirname, '..', '..', 'examples', 'active-active', 'site');
const site = (stack: Stack, override: Override): unknown =>
  new lib.ReplicatedSite(stack, 'Site', { systemName, regions: regions.replicas, folder: siteFolder, ...override });
const documents = (stack: Stack, override: Override): unknown =>
  new lib.ReplicatedDocuments(stack, 'Documents', { systemName, regions: regions.replicas, ...override });
const edge = (stack: Stack, override: Override): unknown =>
  new lib.PaymentsEdge(stack, 'Edge', { systemName, regions: regions.replicas, apiName: 'pay.example.com', ...override });
const drill = (stack: Stack, override: Override, ofProber: Override = {}): unknown =>
  new lib.RegionDrill(stack, 'Drill', {
    api: api(stack, {}) as lib.ActiveActivePaymentsApi,
    region: 'us-west-2',
    publicName: 'pay.example.com',
    prober: {
      tokenUrl: 'https://login.example.com/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'Client', 'acme/drill-client'),
      ...ofProber,
    },
    ...override,
  });
const fault = (stack: Stack, override: Override): unknown =>
  new lib.RegionFault(stack, 'Fault', {
    api: api(stack, {}) as lib.ActiveActivePaymentsApi,
    mesh: new lib.CrossRegionEventMesh(stack, 'FaultMesh', { systemName, regions: regions.replicas }),
    ...override,
  });
const canary = (stack: Stack, override: Override, ofClient: Override = {}): unknown =>
  new lib.PaymentsCanary(stack, 'Canary', {
    api: api(stack, { ledger: lib.LedgerReplica.of(stack, systemName, regions, { syntheticTenants: ['canary'] }) }) as never,
    tenant: 'canary',
    publicName: 'pay.example.com',
    client: {
      tokenUrl: 'https://login.example.com/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'CanaryClient', 'acme/canary-client'),
      ...ofClient,
    },
    ...override,
  });
const capacity = { min: 1, max: 10 };
const homes = (stack: Stack, override: Override): unknown =>
  new lib.LedgerKey(stack, 'Key', {
    systemName,
    regions: lib.PaymentRegions.homeRegion({ replicas: ['us-east-1', 'us-west-2'], ...override }),
  });

/**
 * For every interface that the library exports: makes a construct of it that is right but for what is overridden in the props of this
 * interface. The stack is in us-east-1; a cutover's in us-west-2.
 */
export const everyInterface: Readonly<Record<string, (stack: Stack, override: Override) => unknown>> = {
  ActiveActivePaymentsApiProps: api,
  AlarmTuning: (stack, override) => api(stack, { alarms: { latency: override } }),
  ApprovalGateProps: gate,
  ApprovalStartProps: (stack, override) =>
    gate(stack).addStart('acme-start', { stateMachineName: 'acme-machine', starters: [approver], ...override }),
  ApprovalTaskProps: machine,
  ClientRateOptions: (stack, override) => api(stack, { clientRate: override }),
  CognitoApproversProps: (stack, override) =>
    gate(stack, {
      identity: lib.ApproverIdentity.cognito({
        userPoolId: 'us-east-1_AbCdEfGhI',
        clientId: 'gate',
        domain: 'login.example.com',
        ...override,
      }),
      approvers: ['ada@example.com'],
    }),
  CognitoAuthorizationProps: (stack, override) =>
    api(stack, {
      authorization: lib.PaymentsAuthorization.cognito({ userPoolId: 'us-east-1_AbCdEfGhI', clientIds: ['payments'], ...override }),
    }),
  ControlPlaneLoss: (stack, override) => cutover(stack, { controlPlaneLoss: override }),
  CrossRegionEventMeshProps: meshOf,
  CustomAuthorizationProps: (stack, override) =>
    api(stack, {
      authorization: lib.PaymentsAuthorization.custom({
        authorizer: new RequestAuthorizer(stack, 'Authorizer', {
          handler: functionOf(stack),
          identitySources: ['method.request.header.Authorization'],
        }),
        ...override,
      }),
    }),
  CutoverAlarm: (stack, override) => cutover(stack, { alarms: [{ ...cutoverAlarms[0], ...override }, cutoverAlarms[1]] }),
  CutoverChecks: (stack, override) => cutover(stack, { checks: override }),
  CutoverPhase: (stack, override) => cutover(stack, { phases: [{ ...phase, ...override }] }),
  CutoverQueue: (stack, override) =>
    cutover(stack, { checks: { deadLetterQueues: [{ region: 'us-east-1', queueName: 'letters', alarmNames: ['letters'], ...override }] } }),
  DashboardApprovals: (stack, override) =>
    dashboard(stack, { approvals: [{ gateName: 'acme-gate', region: 'us-west-2', stateMachineName: 'acme-machine', ...override }] }),
  DashboardCutover: (stack, override) => dashboard(stack, { cutover: { region: 'us-west-2', ...override } }),
  CanaryClientProps: (stack, override) => canary(stack, {}, override),
  DrillProberProps: (stack, override) => drill(stack, {}, override),
  DocumentsAlarmOptions: (stack, override) => documents(stack, { alarms: override }),
  EdgeAlarmOptions: (stack, override) => edge(stack, { alarms: override }),
  EdgeDomainProps: (stack, override) =>
    edge(stack, {
      domain: {
        name: 'app.example.com',
        hostedZone: zoneOf(stack),
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', `arn:aws:acm:us-east-1:${account}:certificate/one`),
        ...override,
      },
    }),
  EdgeLogOptions: (stack, override) => edge(stack, { accessLogs: override }),
  GlobalEndpointProps: (stack, override) => meshOf(stack, { transport: lib.MeshTransport.globalEndpoint(override) }),
  HomeAuthorityTableProps: (stack, override) =>
    new lib.HomeAuthorityTable(stack, 'Authority', { systemName, regions: homeRegions, ...override }),
  HomeOperatorProps: (stack, override) =>
    new lib.HomeOperator(stack, 'Operator', { ledger: lib.LedgerReplica.of(stack, systemName, homeRegions), ...override }),
  HomeRegionsProps: homes,
  IamApproversProps: (stack, override) => gate(stack, { identity: lib.ApproverIdentity.iam(override) }),
  IamAuthorizationProps: (stack, override) => api(stack, { authorization: lib.PaymentsAuthorization.iam(override) }),
  IamCaller: (stack, override) =>
    api(stack, {
      authorization: lib.PaymentsAuthorization.iam({
        callers: { [account]: { tenant: 'acme', scopes: [lib.PaymentsScope.READ], ...override } },
      }),
    }),
  IdempotentConsumerAlarmOptions: (stack, override) => consumer(stack, { alarms: override }),
  IdempotentConsumerProps: consumer,
  IdempotentLedgerTableProps: table,
  JwtAuthorizationProps: (stack, override) => api(stack, { authorization: lib.PaymentsAuthorization.jwt({ ...jwt, ...override }) }),
  LedgerCapacityProps: (stack, override) =>
    table(stack, { billing: lib.LedgerBilling.provisioned({ write: { ...capacity, ...override }, read: capacity }) }),
  LedgerKeyProps: (stack, override) => new lib.LedgerKey(stack, 'Key', { systemName, regions, ...override }),
  LedgerOutboxAlarmOptions: (stack, override) => outbox(stack, { alarms: override }),
  LedgerOutboxProps: outbox,
  LedgerReplicaOptions: (stack, override) => lib.LedgerReplica.of(stack, systemName, regions, override),
  LedgerSweepOptions: (stack, override) => outbox(stack, { sweep: override }),
  MeshAlarmOptions: (stack, override) => meshOf(stack, { alarms: override }),
  MeshProbeOptions: (stack, override) => meshOf(stack, { probes: override }),
  MeshPublishProps: (stack, override) => meshOf(stack).grantPublish(functionOf(stack), { source: 'acme.shop', ...override }),
  MeshRetryOptions: (stack, override) => meshOf(stack, { retry: override }),
  MeshTargetProps: (stack, override) =>
    meshOf(stack).addTarget(stack, 'Target', { target: new SqsQueue(new Queue(stack, 'Queue')), ...override }),
  MutualTlsProps: (stack, override) =>
    domain(stack, {
      healthCheckId: 'check',
      mutualTls: { trustStoreBucket: Bucket.fromBucketName(stack, 'Trust', 'trust'), trustStoreKey: 'ca.pem', ...override },
    }),
  OidcApproversProps: (stack, override) =>
    gate(stack, { identity: lib.ApproverIdentity.oidc({ ...oidc, ...override }), approvers: ['ada@example.com'] }),
  OnDemandBillingProps: (stack, override) => table(stack, { billing: lib.LedgerBilling.onDemand(override) }),
  PaymentDecisionProps: (stack, override) => api(stack, { decision: { function: functionOf(stack), ...override } }),
  PaymentsAlarmOptions: (stack, override) => api(stack, { alarms: override }),
  PaymentsCanaryProps: (stack, override) => canary(stack, override),
  PaymentsDashboardProps: dashboard,
  PaymentsDomainProps: domain,
  PaymentsEdgeProps: edge,
  PaymentsFunctionOptions: (stack, override) => api(stack, { functions: override }),
  PaymentsScopeNames: (stack, override) =>
    api(stack, { authorization: lib.PaymentsAuthorization.jwt({ ...jwt, scopes: lib.PaymentsScopes.named(override) }) }),
  PaymentsThrottling: (stack, override) => api(stack, { throttling: { rateLimit: 100, burstLimit: 100, ...override } }),
  PhasedCutoverStateMachineProps: cutover,
  ProbePathOptions: (stack, override) => api(stack, { probePath: override }),
  ProvisionedBillingProps: (stack, override) =>
    table(stack, { billing: lib.LedgerBilling.provisioned({ write: capacity, read: capacity, ...override }) }),
  ReconciliationWindow: (stack, override) => cutover(stack, { reconciliation: override }),
  RecoveryBudgetProps: (stack, override) => api(stack, { recovery: override }),
  RegionDrillProps: (stack, override) => drill(stack, override),
  RegionFaultProps: fault,
  ReplicatedDocumentsProps: documents,
  ReplicatedSiteProps: site,
  StrongRegionsProps: (stack, override) =>
    new lib.LedgerKey(stack, 'Key', {
      systemName,
      regions: lib.PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2', ...override }),
    }),
  StuckApprovalAlarmProps: (stack, override) => new lib.StuckApprovalAlarm(stack, 'Stuck', { stateMachine: machine(stack), ...override }),
  WeightedRecordsProps: (stack, override) =>
    new lib.WeightedRecords(stack, 'Records', { ...records, hostedZone: zoneOf(stack), ...override }),
};

const ofCutover = new Set([
  'ControlPlaneLoss',
  'CutoverAlarm',
  'CutoverChecks',
  'CutoverPhase',
  'CutoverQueue',
  'PhasedCutoverStateMachineProps',
  'ReconciliationWindow',
]);

/** Region of the stack in which an interface's construct is made here. */
export const regionFor = (interfaceName: string): string => (ofCutover.has(interfaceName) ? 'us-west-2' : 'us-east-1');

export {
  LedgerBilling,
  type LedgerCapacityProps,
  type OnDemandBillingProps,
  type ProvisionedBillingProps,
} from './ledger/constructs/ledger-billing';
export { LedgerEncryption } from './ledger/constructs/ledger-encryption';
export { LedgerKey, type LedgerKeyProps } from './ledger/constructs/ledger-key';
export { LedgerReplica } from './ledger/constructs/ledger-replica';
export { type LedgerReplicaOptions } from './ledger/constructs/ledger-replica-options';
export { IdempotentLedgerTable } from './ledger/constructs/idempotent-ledger-table';
export { type IdempotentLedgerTableProps } from './ledger/constructs/ledger-table-props';
export { AccountHomes, HomeTakeover } from './ledger/constructs/account-homes';
export { HomeAuthorityTable, type HomeAuthorityTableProps } from './ledger/constructs/home-authority-table';
export { HomeOperator, type HomeOperatorProps } from './ledger/constructs/home-operator';
export { LedgerConsistency, PaymentRegions } from './ledger/constructs/payment-regions';
export { type HomeRegionsProps, type StrongRegionsProps } from './ledger/constructs/regions-props';
export {
  ActiveActivePaymentsApi,
  type ActiveActivePaymentsApiProps,
  type PaymentsThrottling,
} from './api/constructs/active-active-payments-api';
export { type ClientRateOptions } from './cdk/rate-rule';
export { type AlarmTuning } from './cdk/tuned-alarms';
export { type PaymentsAlarmOptions } from './api/constructs/payments-alarms';
export {
  CognitoTokenUse,
  type CognitoAuthorizationProps,
  type CustomAuthorizationProps,
  type IamAuthorizationProps,
  type IamCaller,
  type JwtAuthorizationProps,
} from './api/constructs/authorization-props';
export { PaymentsAuthorization } from './api/constructs/payments-authorization';
export { PaymentsScope, PaymentsScopes, type PaymentsScopeNames } from './api/constructs/payments-scopes';
export { type ProbePathOptions } from './api/constructs/probe-path';
export { PublicNameRecords, type MutualTlsProps, type PaymentsDomainProps } from './api/constructs/payments-domain';
export { DecisionOnUnknown, type PaymentDecisionProps, type PaymentsFunctionOptions } from './api/constructs/payments-functions';
export { RecoveryBudget, type RecoveryBudgetProps } from './api/constructs/recovery-budget';
export { CrossRegionEventMesh } from './events/mesh/cross-region-event-mesh';
export { type CrossRegionEventMeshProps, type MeshTargetProps } from './events/mesh/mesh-props';
export { type MeshAlarmOptions } from './events/mesh/alarms';
export { type MeshProbeOptions } from './events/mesh/probes';
export { type MeshPublishProps } from './events/mesh/publishers';
export { type MeshRetryOptions } from './events/mesh/target';
export { type GlobalEndpointProps } from './events/mesh/transport/global-endpoint';
export { MeshTransport } from './events/mesh/transport/mesh-transport';
export { LedgerOutbox } from './events/outbox/ledger-outbox';
export { type LedgerOutboxAlarmOptions, type LedgerOutboxProps, type LedgerSweepOptions } from './events/outbox/outbox-props';
export { type IdempotentConsumerAlarmOptions } from './events/consumers/alarms';
export { ConsumerHandling, StaleEvents, type IdempotentConsumerProps } from './events/consumers/consumer-props';
export { IdempotentConsumer } from './events/consumers/idempotent-consumer';
export { ApprovalGate } from './approvals/constructs/approval-gate';
export { ApprovalOutcome, type ApprovalGateProps } from './approvals/constructs/gate-options';
export {
  ApproverIdentity,
  type CognitoApproversProps,
  type IamApproversProps,
  type OidcApproversProps,
} from './approvals/constructs/approver-identity';
export { type ApprovalStartProps } from './approvals/constructs/start-function';
export { ApprovalTask, type ApprovalTaskProps } from './approvals/constructs/gate-task';
export { StuckApprovalAlarm, type StuckApprovalAlarmProps } from './approvals/stuck/stuck-approval-alarm';
export { type ControlPlaneLoss, type CutoverChecks, type CutoverQueue, type ReconciliationWindow } from './cutover/constructs/options';
export { OnBreach, OnControlPlaneLoss, type CutoverAlarm, type CutoverPhase } from './cutover/constructs/phases';
export { PhasedCutoverStateMachine } from './cutover/constructs/phased-cutover-state-machine';
export { type PhasedCutoverStateMachineProps } from './cutover/constructs/phased-cutover-props';
export { WeightedRecords, type WeightedRecordsProps } from './cutover/constructs/weighted-records';
export { PaymentsDashboard } from './operations/payments-dashboard';
export { type DashboardApprovals, type DashboardCutover, type PaymentsDashboardProps } from './operations/dashboard-props';
export { PaymentsCanary } from './canary/constructs/payments-canary';
export { type CanaryClientProps, type PaymentsCanaryProps } from './canary/constructs/canary-props';
export { ReplicatedDocuments } from './documents/constructs/replicated-documents';
export { type DocumentsAlarmOptions } from './documents/constructs/documents-alarms';
export { type ReplicatedDocumentsProps } from './documents/constructs/documents-props';
export { PaymentsEdge } from './edge/constructs/payments-edge';
export { type EdgeAlarmOptions } from './edge/constructs/edge-alarms';
export { type EdgeDomainProps, type EdgeLogOptions, type PaymentsEdgeProps } from './edge/constructs/edge-props';
export { RegionDrill } from './drill/constructs/region-drill';
export { RegionFault } from './drill/constructs/region-fault';
export { RegionDrillKind, type RegionFaultProps } from './drill/constructs/region-fault-props';
export { type DrillProberProps, type RegionDrillProps } from './drill/constructs/drill-props';
export { ReplicatedSite } from './edge/constructs/replicated-site';
export { type ReplicatedSiteProps } from './edge/constructs/site-props';

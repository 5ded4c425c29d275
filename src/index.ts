export { LedgerBilling, type LedgerCapacityProps, type OnDemandBillingProps, type ProvisionedBillingProps } from './ledger/ledger-billing';
export { LedgerEncryption } from './ledger/ledger-encryption';
export { LedgerKey, type LedgerKeyProps } from './ledger/ledger-key';
export { LedgerReplica, type LedgerReplicaOptions } from './ledger/ledger-replica';
export { IdempotentLedgerTable, type IdempotentLedgerTableProps } from './ledger/idempotent-ledger-table';
export { AccountHomes, HomeTakeover } from './ledger/account-homes';
export { HomeAuthorityTable, type HomeAuthorityTableProps } from './ledger/home-authority-table';
export { HomeOperator, type HomeOperatorProps } from './ledger/home-operator';
export { LedgerConsistency, PaymentRegions, type HomeRegionsProps, type StrongRegionsProps } from './ledger/payment-regions';
export { ActiveActivePaymentsApi, type ActiveActivePaymentsApiProps, type PaymentsThrottling } from './api/active-active-payments-api';
export { type ClientRateOptions } from './cdk/rate-rule';
export { type AlarmTuning } from './cdk/tuned-alarms';
export { type PaymentsAlarmOptions } from './api/payments-alarms';
export {
  CognitoTokenUse,
  PaymentsAuthorization,
  type CognitoAuthorizationProps,
  type CustomAuthorizationProps,
  type IamAuthorizationProps,
  type IamCaller,
  type JwtAuthorizationProps,
} from './api/payments-authorization';
export { PaymentsScope, PaymentsScopes, type PaymentsScopeNames } from './api/payments-scopes';
export { type ProbePathOptions } from './api/probe-path';
export { PublicNameRecords, type MutualTlsProps, type PaymentsDomainProps } from './api/payments-domain';
export { DecisionOnUnknown, type PaymentDecisionProps, type PaymentsFunctionOptions } from './api/payments-functions';
export { RecoveryBudget, type RecoveryBudgetProps } from './api/recovery-budget';
export { CrossRegionEventMesh, type CrossRegionEventMeshProps, type MeshTargetProps } from './events/cross-region-event-mesh';
export { type MeshAlarmOptions } from './events/mesh-alarms';
export { type MeshProbeOptions } from './events/mesh-probes';
export { type MeshPublishProps } from './events/mesh-publishers';
export { type MeshRetryOptions } from './events/mesh-target';
export { MeshTransport, type GlobalEndpointProps } from './events/mesh-transport';
export { LedgerOutbox, type LedgerOutboxAlarmOptions, type LedgerOutboxProps, type LedgerSweepOptions } from './events/ledger-outbox';
export { type IdempotentConsumerAlarmOptions } from './events/consumer-alarms';
export { ConsumerHandling, IdempotentConsumer, StaleEvents, type IdempotentConsumerProps } from './events/idempotent-consumer';
export { ApprovalGate } from './cutover/approval-gate';
export { ApprovalOutcome, type ApprovalGateProps } from './cutover/gate-options';
export { ApproverIdentity, type CognitoApproversProps, type IamApproversProps, type OidcApproversProps } from './cutover/gate-identity';
export { type ApprovalStartProps } from './cutover/gate-start';
export { ApprovalTask, type ApprovalTaskProps } from './cutover/gate-task';
export { StuckApprovalAlarm, type StuckApprovalAlarmProps } from './cutover/stuck-approval-alarm';
export { type ControlPlaneLoss, type CutoverChecks, type CutoverQueue, type ReconciliationWindow } from './cutover/cutover-options';
export { OnBreach, OnControlPlaneLoss, type CutoverAlarm, type CutoverPhase } from './cutover/cutover-phases';
export { PhasedCutoverStateMachine, type PhasedCutoverStateMachineProps } from './cutover/phased-cutover-state-machine';
export { WeightedRecords, type WeightedRecordsProps } from './cutover/weighted-records';

import { Duration, Stack, StackProps } from 'aws-cdk-lib';
import { Alarm, AlarmRule, AlarmState, ComparisonOperator, CompositeAlarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { Config } from './config';
import { defineSystem, RegionStack } from '../active-active/stacks';
import { ApprovalGate, ApproverIdentity, PhasedCutoverStateMachine, StuckApprovalAlarm } from 'cdk-multi-region-payments';

/** The cutover names alarms of both regions, so they have names of their own. */
const watchName = (systemName: string): string => `${systemName}-watch`;
const deadLettersName = (systemName: string): string => `${systemName}-dead-letters`;
/** The dashboards find the gate by its name. */
const gateName = (systemName: string): string => `${systemName}-approvals`;

/** The alarms of a region that the cutover goes by. */
function defineWatch(stack: RegionStack, systemName: string): void {
  new CompositeAlarm(stack, 'Watch', {
    compositeAlarmName: watchName(systemName),
    alarmDescription: `${systemName} in ${stack.region}: one of the API's alarms is raised. A cutover that is watching rolls back.`,
    alarmRule: AlarmRule.anyOf(...stack.api.alarms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
  });
  new Alarm(stack, 'DeadLetters', {
    alarmName: deadLettersName(systemName),
    alarmDescription: `${systemName} in ${stack.region}: events wait in the dead-letter queue. A cutover does not begin its next phase.`,
    metric: stack.mesh.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'max', period: Duration.minutes(1) }),
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}

/** Who is asked, and what moves. In the target: a dying source must not take its own migration along. */
class CutoverStack extends Stack {
  constructor(scope: Construct, id: string, { system, source, target, approvers, phases, times }: Config, props: StackProps) {
    super(scope, id, props);
    const { systemName, regions, domain, alarms, parts } = system;
    const onCall = new Topic(this, 'OnCall', { displayName: `${systemName}-on-call`, enforceSSL: true });
    // SnsAction does not: a topic that enforces TLS has a policy, and admits only whom it names.
    onCall.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [onCall.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    if (alarms.email !== undefined) onCall.addSubscription(new EmailSubscription(alarms.email));
    const gate = new ApprovalGate(this, 'Gate', {
      gateName: gateName(systemName),
      identity: ApproverIdentity.oidc({ issuer: approvers.issuer, clientId: approvers.clientId }),
      approvers: approvers.people,
      emails: approvers.people,
      requiredApprovals: approvers.required,
      expiry: times.approval,
      reminderEvery: times.reminderEvery,
      escalateAfter: times.escalateAfter,
      escalationTopic: onCall,
      // The account's role for logs was made with the region's API.
      accountLogRole: false,
    });
    const cutover = new PhasedCutoverStateMachine(this, 'Cutover', {
      systemName,
      regions,
      source,
      target,
      gate,
      // Each may start it, and then not approve it.
      starters: approvers.people,
      hostedZone: HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: domain.hostedZoneId, zoneName: domain.zoneName }),
      publicName: domain.name,
      recordTtl: times.recordTtl,
      phases: phases.map((targetPercent) => ({ targetPercent, soak: times.soak })),
      soakCheckEvery: times.soakCheckEvery,
      alarms: [source, target].map((region) => ({ region, alarmName: watchName(systemName) })),
      checks: {
        ttlLead: times.ttlLead,
        replicationLag: times.lag,
        replicationLagMinutes: times.lagMinutes,
        eventProbe: Duration.seconds(10),
        deadLetterQueues: [source, target].map((region) => ({
          region,
          queueName: `${systemName}-events-dlq`,
          alarmNames: [deadLettersName(systemName)],
        })),
        // Without documents a person attests that there is nothing to copy.
        ...(parts.documents ? { documentsParityAge: times.documentsParityAge } : {}),
      },
      controlPlaneLoss: times.controlPlaneLoss,
      reconciliation: times.reconciliation,
      endSourceRole: true,
      alarmActions: [new SnsAction(onCall)],
    });
    new StuckApprovalAlarm(this, 'Stuck', {
      stateMachine: cutover.stateMachine,
      threshold: times.stuckAfter,
      interval: times.stuckCheckEvery,
      reminderTopic: gate.topic,
      escalationTopic: onCall,
    });
  }
}

/** The system of the active-active example, in either mode, and what moves it. */
export function defineMigration(app: Construct, config: Config): void {
  const { system, target } = config;
  const regions = defineSystem(app, system, {
    cutover: { region: target },
    approvals: [{ gateName: gateName(system.systemName), region: target, stateMachineName: `${system.systemName}-cutover` }],
  });
  for (const stack of regions) defineWatch(stack, system.systemName);
  const cutover = new CutoverStack(app, `${system.systemName}-cutover`, config, { env: { account: system.account, region: target } });
  // The regions say where they are; the records are made of that.
  for (const stack of regions) cutover.addStackDependency(stack);
}

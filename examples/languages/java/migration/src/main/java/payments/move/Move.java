package payments.move;

import io.github.cdkmultiregionpayments.ApprovalGate;
import io.github.cdkmultiregionpayments.ApproverIdentity;
import io.github.cdkmultiregionpayments.ControlPlaneLoss;
import io.github.cdkmultiregionpayments.CutoverAlarm;
import io.github.cdkmultiregionpayments.CutoverChecks;
import io.github.cdkmultiregionpayments.CutoverPhase;
import io.github.cdkmultiregionpayments.CutoverQueue;
import io.github.cdkmultiregionpayments.DashboardApprovals;
import io.github.cdkmultiregionpayments.DashboardCutover;
import io.github.cdkmultiregionpayments.OidcApproversProps;
import io.github.cdkmultiregionpayments.PhasedCutoverStateMachine;
import io.github.cdkmultiregionpayments.ReconciliationWindow;
import io.github.cdkmultiregionpayments.StuckApprovalAlarm;
import java.util.List;
import java.util.Map;
import payments.Config;
import payments.PaymentsSystem;
import payments.PaymentsSystem.RegionStack;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.AlarmRule;
import software.amazon.awscdk.services.cloudwatch.AlarmState;
import software.amazon.awscdk.services.cloudwatch.ComparisonOperator;
import software.amazon.awscdk.services.cloudwatch.CompositeAlarm;
import software.amazon.awscdk.services.cloudwatch.IAlarmRule;
import software.amazon.awscdk.services.cloudwatch.MetricOptions;
import software.amazon.awscdk.services.cloudwatch.TreatMissingData;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.constructs.Construct;

/** The system, in either mode, and what moves it. */
public final class Move {
  private Move() {}

  /** The cutover names alarms of both regions, so they have names of their own. */
  static String watchName(final String systemName) {
    return systemName + "-watch";
  }

  private static String deadLettersName(final String systemName) {
    return systemName + "-dead-letters";
  }

  /** The dashboards find the gate by its name. */
  private static String gateName(final String systemName) {
    return systemName + "-approvals";
  }

  /** Makes the system's stacks, and the one that moves it. */
  public static void define(final Construct app, final MoveConfig config) {
    Config system = config.system();
    String name = system.systemName();
    List<RegionStack> regions = PaymentsSystem.define(app, system, new PaymentsSystem.Beside(
        List.of(DashboardApprovals.builder()
            .gateName(gateName(name))
            .region(config.target())
            .stateMachineName(name + "-cutover")
            .build()),
        DashboardCutover.builder().region(config.target()).build()));
    regions.forEach(stack -> defineWatch(stack, name));
    CutoverStack cutover = new CutoverStack(app, name + "-cutover", config);
    // The regions say where they are; the records are made of that.
    regions.forEach(cutover::addStackDependency);
  }

  /** The alarms of a region that the cutover goes by. */
  private static void defineWatch(final RegionStack stack, final String systemName) {
    CompositeAlarm.Builder.create(stack, "Watch")
        .compositeAlarmName(watchName(systemName))
        .alarmDescription(
            systemName + " in " + stack.getRegion() + ": one of the API's alarms is raised. A cutover that is watching rolls back.")
        .alarmRule(AlarmRule.anyOf(stack.getApi().getAlarms().stream()
            .map(alarm -> AlarmRule.fromAlarm(alarm, AlarmState.ALARM))
            .toArray(IAlarmRule[]::new)))
        .build();
    Alarm.Builder.create(stack, "DeadLetters")
        .alarmName(deadLettersName(systemName))
        .alarmDescription(systemName + " in " + stack.getRegion()
            + ": events wait in the dead-letter queue. A cutover does not begin its next phase.")
        .metric(stack.getMesh().getDeadLetterQueue().metricApproximateNumberOfMessagesVisible(
            MetricOptions.builder().statistic("max").period(Duration.minutes(1)).build()))
        .threshold(1)
        .evaluationPeriods(1)
        .comparisonOperator(ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD)
        .treatMissingData(TreatMissingData.NOT_BREACHING)
        .build();
  }

  /** Who is asked, and what moves. In the target: a dying source must not take its own migration along. */
  private static final class CutoverStack extends Stack {
    CutoverStack(final Construct scope, final String id, final MoveConfig config) {
      super(scope, id, PaymentsSystem.propsIn(config.system(), config.target()));
      MoveConfig.Times times = config.times();
      Topic onCall = defineOnCall(config.system().systemName());
      if (config.system().alarms().email() != null) {
        onCall.addSubscription(new EmailSubscription(config.system().alarms().email()));
      }
      ApprovalGate gate = defineGate(config, onCall);
      PhasedCutoverStateMachine cutover = defineCutover(config, gate, onCall);
      StuckApprovalAlarm.Builder.create(this, "Stuck")
          .stateMachine(cutover.getStateMachine())
          .threshold(times.stuckAfter())
          .interval(times.stuckCheckEvery())
          .reminderTopic(gate.getTopic())
          .escalationTopic(onCall)
          .build();
    }

    /** Where alarms are sent. */
    private Topic defineOnCall(final String systemName) {
      Topic topic = Topic.Builder.create(this, "OnCall").displayName(systemName + "-on-call").enforceSsl(true).build();
      // SnsAction does not: a topic that enforces TLS has a policy, and admits only whom it names.
      topic.addToResourcePolicy(PolicyStatement.Builder.create()
          .principals(List.of(new ServicePrincipal("cloudwatch.amazonaws.com")))
          .actions(List.of("sns:Publish"))
          .resources(List.of(topic.getTopicArn()))
          .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", getAccount())))
          .build());
      return topic;
    }

    /** Who is asked, how, and for how long. */
    private ApprovalGate defineGate(final MoveConfig config, final Topic onCall) {
      MoveConfig.Approvers approvers = config.approvers();
      MoveConfig.Times times = config.times();
      return ApprovalGate.Builder.create(this, "Gate")
          .gateName(gateName(config.system().systemName()))
          .identity(ApproverIdentity.oidc(
              OidcApproversProps.builder().issuer(approvers.issuer()).clientId(approvers.clientId()).build()))
          .approvers(approvers.people())
          .emails(approvers.people())
          .requiredApprovals(approvers.required())
          .expiry(times.approval())
          .reminderEvery(times.reminderEvery())
          .escalateAfter(times.escalateAfter())
          .escalationTopic(onCall)
          // The account's role for logs was made with the region's API.
          .accountLogRole(false)
          .build();
    }

    private PhasedCutoverStateMachine defineCutover(final MoveConfig config, final ApprovalGate gate, final Topic onCall) {
      Config system = config.system();
      MoveConfig.Times times = config.times();
      return PhasedCutoverStateMachine.Builder.create(this, "Cutover")
          .systemName(system.systemName())
          .regions(system.regions())
          .source(config.source())
          .target(config.target())
          .gate(gate)
          // Each may start it, and then not approve it.
          .starters(config.approvers().people())
          .hostedZone(PaymentsSystem.zone(this, system.domain()))
          .publicName(system.domain().name())
          .recordTtl(times.recordTtl())
          .phases(config.phases().stream()
              .map(percent -> CutoverPhase.builder().targetPercent(percent).soak(times.soak()).build())
              .toList())
          .soakCheckEvery(times.soakCheckEvery())
          .alarms(List.of(config.source(), config.target()).stream()
              .map(region -> CutoverAlarm.builder().region(region).alarmName(watchName(system.systemName())).build())
              .toList())
          .checks(checksOf(config))
          .controlPlaneLoss(ControlPlaneLoss.builder().patience(times.patience()).every(times.retryEvery()).build())
          .reconciliation(ReconciliationWindow.builder()
              .length(times.reconciliation().length())
              .every(times.reconciliation().every())
              .settle(times.reconciliation().settle())
              .build())
          .endSourceRole(true)
          .alarmActions(List.of(new SnsAction(onCall)))
          .build();
    }
  }

  /** What must be so before a phase begins. */
  private static CutoverChecks checksOf(final MoveConfig config) {
    String systemName = config.system().systemName();
    MoveConfig.Times times = config.times();
    return CutoverChecks.builder()
        .ttlLead(times.ttlLead())
        .replicationLag(times.lag())
        .replicationLagMinutes(times.lagMinutes())
        .eventProbe(Duration.seconds(10))
        .deadLetterQueues(List.of(config.source(), config.target()).stream()
            .map(region -> CutoverQueue.builder()
                .region(region)
                .queueName(systemName + "-events-dlq")
                .alarmNames(List.of(deadLettersName(systemName)))
                .build())
            .toList())
        // Without documents a person attests that there is nothing to copy.
        .documentsParityAge(config.system().parts().documents() ? times.documentsParityAge() : null)
        .build();
  }
}

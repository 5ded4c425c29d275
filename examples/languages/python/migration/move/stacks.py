"""The system, in either mode, and what moves it."""

from typing import Any

from aws_cdk import Duration, Environment, Stack
from aws_cdk.aws_cloudwatch import Alarm, AlarmRule, AlarmState, ComparisonOperator, CompositeAlarm, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_route53 import HostedZone
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from cdk_multi_region_payments import (
    ApprovalGate,
    ApproverIdentity,
    ControlPlaneLoss,
    CutoverAlarm,
    CutoverChecks,
    CutoverPhase,
    CutoverQueue,
    DashboardApprovals,
    DashboardCutover,
    PhasedCutoverStateMachine,
    ReconciliationWindow,
    StuckApprovalAlarm,
)
from constructs import Construct

from move.config import Config
from payments.stacks import RegionStack, define_system


def watch_name(system_name: str) -> str:
    """The cutover names alarms of both regions, so they have names of their own."""
    return f"{system_name}-watch"


def dead_letters_name(system_name: str) -> str:
    """As above, of the alarm on events that were not delivered."""
    return f"{system_name}-dead-letters"


def gate_name(system_name: str) -> str:
    """The dashboards find the gate by its name."""
    return f"{system_name}-approvals"


def define_watch(stack: RegionStack, system_name: str) -> None:
    """The alarms of a region that the cutover goes by."""
    CompositeAlarm(
        stack,
        "Watch",
        composite_alarm_name=watch_name(system_name),
        alarm_description=f"{system_name} in {stack.region}: one of the API's alarms is raised. A cutover that is watching rolls back.",
        alarm_rule=AlarmRule.any_of(*[AlarmRule.from_alarm(alarm, AlarmState.ALARM) for alarm in stack.api.alarms]),
    )
    Alarm(
        stack,
        "DeadLetters",
        alarm_name=dead_letters_name(system_name),
        alarm_description=f"{system_name} in {stack.region}: events wait in the dead-letter queue. "
        "A cutover does not begin its next phase.",
        metric=stack.mesh.dead_letter_queue.metric_approximate_number_of_messages_visible(
            statistic="max", period=Duration.minutes(1)
        ),
        threshold=1,
        evaluation_periods=1,
        comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )


class CutoverStack(Stack):
    """Who is asked, and what moves. In the target: a dying source must not take its own migration along."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        system_name, domain, times = config.system.system_name, config.system.domain, config.times
        on_call = self.define_on_call(system_name)
        if config.system.alarms.email is not None:
            on_call.add_subscription(EmailSubscription(config.system.alarms.email))
        gate = self.define_gate(config, on_call)
        cutover = PhasedCutoverStateMachine(
            self,
            "Cutover",
            system_name=system_name,
            regions=config.system.regions,
            source=config.source,
            target=config.target,
            gate=gate,
            # Each may start it, and then not approve it.
            starters=config.approvers.people,
            hosted_zone=HostedZone.from_hosted_zone_attributes(
                self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.zone_name
            ),
            public_name=domain.name,
            record_ttl=times.record_ttl,
            phases=[CutoverPhase(target_percent=percent, soak=times.soak) for percent in config.phases],
            soak_check_every=times.soak_check_every,
            alarms=[CutoverAlarm(region=region, alarm_name=watch_name(system_name)) for region in (config.source, config.target)],
            checks=checks_of(config),
            control_plane_loss=ControlPlaneLoss(patience=times.patience, every=times.retry_every),
            reconciliation=ReconciliationWindow(
                length=times.reconciliation.length, every=times.reconciliation.every, settle=times.reconciliation.settle
            ),
            end_source_role=True,
            alarm_actions=[SnsAction(on_call)],
        )
        StuckApprovalAlarm(
            self,
            "Stuck",
            state_machine=cutover.state_machine,
            threshold=times.stuck_after,
            interval=times.stuck_check_every,
            reminder_topic=gate.topic,
            escalation_topic=on_call,
        )

    def define_on_call(self, system_name: str) -> Topic:
        """Where alarms are sent."""
        topic = Topic(self, "OnCall", display_name=f"{system_name}-on-call", enforce_ssl=True)
        # SnsAction does not: a topic that enforces TLS has a policy, and admits only whom it names.
        topic.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return topic

    def define_gate(self, config: Config, on_call: Topic) -> ApprovalGate:
        """Who is asked, how, and for how long."""
        approvers, times = config.approvers, config.times
        return ApprovalGate(
            self,
            "Gate",
            gate_name=gate_name(config.system.system_name),
            identity=ApproverIdentity.oidc(issuer=approvers.issuer, client_id=approvers.client_id),
            approvers=approvers.people,
            emails=approvers.people,
            required_approvals=approvers.required,
            expiry=times.approval,
            reminder_every=times.reminder_every,
            escalate_after=times.escalate_after,
            escalation_topic=on_call,
            # The account's role for logs was made with the region's API.
            account_log_role=False,
        )


def checks_of(config: Config) -> CutoverChecks:
    """What must be so before a phase begins."""
    system_name, times = config.system.system_name, config.times
    return CutoverChecks(
        ttl_lead=times.ttl_lead,
        replication_lag=times.lag,
        replication_lag_minutes=times.lag_minutes,
        event_probe=Duration.seconds(10),
        dead_letter_queues=[
            CutoverQueue(region=region, queue_name=f"{system_name}-events-dlq", alarm_names=[dead_letters_name(system_name)])
            for region in (config.source, config.target)
        ],
        # Without documents a person attests that there is nothing to copy.
        documents_parity_age=times.documents_parity_age if config.system.parts.documents else None,
    )


def define_migration(app: Construct, config: Config) -> None:
    """Makes the system's stacks, and the one that moves it."""
    system, target = config.system, config.target
    name = system.system_name
    regions = define_system(
        app,
        system,
        cutover=DashboardCutover(region=target),
        approvals=[DashboardApprovals(gate_name=gate_name(name), region=target, state_machine_name=f"{name}-cutover")],
    )
    for stack in regions:
        define_watch(stack, name)
    cutover = CutoverStack(app, f"{name}-cutover", config, env=Environment(account=system.account, region=target))
    # The regions say where they are; the records are made of that.
    for stack in regions:
        cutover.add_stack_dependency(stack)

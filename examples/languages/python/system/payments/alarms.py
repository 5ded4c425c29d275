"""Where alarms go: a topic in each region, which every alarm tells."""

from typing import Any, cast

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_cloudwatch import AlarmBase
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_sns import ITopic, Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from payments.config import Config


def _topic_name(system_name: str) -> str:
    return f"{system_name}-alarms"


class AlarmsStack(Stack):
    """The topic of one region's alarms. It has no subscription until `alarms.email` is given, or a person subscribes a pager."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        topic = Topic(self, "Topic", topic_name=_topic_name(config.system_name), enforce_ssl=True)
        # A topic that enforces TLS has a policy, and admits only whom it names.
        topic.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if config.alarms.email is not None:
            topic.add_subscription(EmailSubscription(config.alarms.email))
        CfnOutput(self, "AlarmTopic", description="Every alarm of this region is sent here", value=topic.topic_arn)


def alarm_topic(stack: Stack, config: Config) -> ITopic:
    """The topic of a stack's region. It is known by its name: the stack refers to no other one."""
    known = stack.node.try_find_child("AlarmTopic")
    if known is not None:
        return cast(ITopic, known)
    named = stack.format_arn(service="sns", resource=_topic_name(config.system_name))
    return Topic.from_topic_arn(stack, "AlarmTopic", config.alarms.topic_arns.get(stack.region, named))


def send_alarms(stack: Stack, config: Config) -> None:
    """Lets every alarm of a stack tell the topic of its region, also an alarm that is composed of others."""
    action = SnsAction(alarm_topic(stack, config))
    for construct in stack.node.find_all():
        if isinstance(construct, AlarmBase):
            construct.add_alarm_action(action)

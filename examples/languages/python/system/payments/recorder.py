"""An example of a consumer: what a team does with events, in any language, takes this one's place."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_dynamodb import Attribute, AttributeType, PointInTimeRecoverySpecification, Table
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_lambda import Architecture, Code, Function, LoggingFormat, Runtime
from aws_cdk.aws_logs import LogGroup, RetentionDays
from cdk_multi_region_payments import CrossRegionEventMesh, IdempotentConsumer
from constructs import Construct

FUNCTIONS = Path(__file__).parent.parent / "functions"


class Recorder(Construct):
    """Records every payment's events in its region, each of them once.

    What it has recorded is in `<system_name>-recorder-effects`, with `effects` = 1 for each event.
    """

    def __init__(self, scope: Construct, construct_id: str, *, mesh: CrossRegionEventMesh) -> None:
        super().__init__(scope, construct_id)
        effects = Table(
            self,
            "Effects",
            table_name=f"{mesh.system_name}-recorder-effects",
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            removal_policy=RemovalPolicy.RETAIN,
        )
        effects.node.default_child.add_metadata("effects-of-consumer", "recorder")

        log_group = LogGroup(self, "Logs", retention=RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
        role = Role(self, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        handler = Function(
            self,
            "Function",
            code=Code.from_asset(str(FUNCTIONS / "recorder")),
            handler="index.handler",
            runtime=Runtime.NODEJS_24_X,
            architecture=Architecture.ARM_64,
            logging_format=LoggingFormat.JSON,
            timeout=Duration.seconds(10),
            memory_size=512,
            log_group=log_group,
            role=role,
        )
        self.consumer = IdempotentConsumer(
            self, "Consumer", mesh=mesh, consumer_name="recorder", handler=handler, handler_timeout=Duration.seconds(10)
        )
        handler.add_environment("EFFECTS_TABLE", effects.table_name)
        handler.add_environment("INBOX_TABLE", self.consumer.inbox.table_name)
        effects.grant(handler, "dynamodb:UpdateItem")
        self.consumer.grant_complete(handler)

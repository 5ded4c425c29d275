"""An example of a consumer: what a team does with events, in any language, takes this one's place."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_dynamodb import Attribute, AttributeType, BillingMode, PointInTimeRecoverySpecification, Table
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_lambda import Architecture, LoggingFormat, Runtime, Tracing
from aws_cdk.aws_lambda_nodejs import BundlingOptions, NodejsFunction
from aws_cdk.aws_logs import LogGroup, RetentionDays
from cdk_multi_region_payments import ConsumerHandling, CrossRegionEventMesh, IdempotentConsumer
from constructs import Construct

SOURCE = Path(__file__).parent.parent / "functions" / "recorder"


class Recorder(Construct):
    """Records every payment's events in its region, each of them once.

    Its function reads the queue itself, by `idempotentConsumer` of the package's runtime, which Node.js has.
    What it has recorded is in `<system_name>-recorder-effects`, with `effects` = 1 for each event.
    """

    def __init__(self, scope: Construct, construct_id: str, *, mesh: CrossRegionEventMesh) -> None:
        super().__init__(scope, construct_id)
        effects = Table(
            self,
            "Effects",
            table_name=f"{mesh.system_name}-recorder-effects",
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            removal_policy=RemovalPolicy.RETAIN,
        )
        effects.node.default_child.add_metadata("effects-of-consumer", "recorder")

        log_group = LogGroup(self, "Logs", retention=RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
        role = Role(self, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        handler = NodejsFunction(
            self,
            "Function",
            entry=str(SOURCE / "index.ts"),
            deps_lock_file_path=str(SOURCE / "package-lock.json"),
            runtime=Runtime.NODEJS_24_X,
            architecture=Architecture.ARM_64,
            logging_format=LoggingFormat.JSON,
            # Time for two attempts of the consumer's `handler_timeout`, one after the other.
            timeout=Duration.seconds(35),
            memory_size=512,
            tracing=Tracing.ACTIVE,
            # With the SDK inside it starts faster, and is the same wherever it runs.
            bundling=BundlingOptions(external_modules=[], minify=True, main_fields=["module", "main"]),
            log_group=log_group,
            role=role,
        )
        self.consumer = IdempotentConsumer(
            self,
            "Consumer",
            mesh=mesh,
            consumer_name="recorder",
            handler=handler,
            handling=ConsumerHandling.WRAPPED,
            handler_timeout=Duration.seconds(10),
        )
        handler.add_environment("EFFECTS_TABLE", effects.table_name)
        effects.grant(handler, "dynamodb:UpdateItem")

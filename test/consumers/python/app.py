from aws_cdk import App, Environment, Stack
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_route53 import HostedZone
from cdk_multi_region_payments import (
    ActiveActivePaymentsApi,
    CrossRegionEventMesh,
    IdempotentConsumer,
    IdempotentLedgerTable,
    LedgerOutbox,
    LedgerReplica,
    MeshTransport,
    PaymentRegions,
    PaymentsAuthorization,
    PaymentsDomainProps,
)

app = App(analytics_reporting=False)
env = Environment(account="111111111111", region="us-east-1")
system_name = "acme-pay"
regions = PaymentRegions.strong(replicas=["us-east-1", "us-west-2"], witness="us-east-2")

IdempotentLedgerTable(Stack(app, "Ledger", env=env), "Ledger", system_name=system_name, regions=regions)

mesh = CrossRegionEventMesh(
    Stack(app, "Mesh", env=env), "Mesh", system_name=system_name, regions=regions.replicas, transport=MeshTransport.rules()
)

stack = Stack(app, "Api", env=env)
ledger = LedgerReplica.of(stack, system_name, regions)
LedgerOutbox(stack, "Outbox", ledger=ledger, mesh=mesh)
IdempotentConsumer(
    stack,
    "Consumer",
    mesh=mesh,
    consumer_name="orders",
    types=["payment.captured"],
    handler=Function.from_function_name(stack, "Orders", "orders"),
)
ActiveActivePaymentsApi(
    stack,
    "Api",
    ledger=ledger,
    authorization=PaymentsAuthorization.jwt(issuer="https://login.example.com/", audience=["payments"], tenant_claim="tenant"),
    domain=PaymentsDomainProps(
        name="pay.example.com",
        hosted_zone=HostedZone.from_hosted_zone_attributes(stack, "Zone", hosted_zone_id="Z0123456789ABCDEFGHIJ", zone_name="example.com"),
        certificate=Certificate.from_certificate_arn(
            stack, "Certificate", "arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000"
        ),
    ),
)

app.synth()

"""The stacks: keys, then the tables and the mesh, then the regions."""

from pathlib import Path
from typing import Any, Optional, Sequence

from aws_cdk import Environment, Stack
from aws_cdk.aws_certificatemanager import Certificate, CertificateValidation
from aws_cdk.aws_route53 import HostedZone
from aws_cdk.aws_secretsmanager import Secret
from cdk_multi_region_payments import (
    ActiveActivePaymentsApi,
    CanaryClientProps,
    CrossRegionEventMesh,
    DashboardApprovals,
    DashboardCutover,
    DrillProberProps,
    EdgeDomainProps,
    HomeAuthorityTable,
    IdempotentLedgerTable,
    LedgerKey,
    LedgerOutbox,
    LedgerReplica,
    PaymentsAuthorization,
    PaymentsCanary,
    PaymentsDashboard,
    PaymentsDomainProps,
    PaymentsEdge,
    ReplicatedDocuments,
    RegionDrill,
    RegionDrillKind,
    RegionFault,
    ReplicatedSite,
)
from constructs import Construct

from payments.alarms import AlarmsStack, alarm_topic, send_alarms
from payments.config import Config, Faults
from payments.recorder import Recorder


class KeyStack(Stack):
    """The key of one region's replica. First of all: the table is encrypted with it from the start."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        LedgerKey(self, "LedgerKey", system_name=config.system_name, regions=config.regions)


class LedgerStack(Stack):
    """The table of all regions, made from one of them."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        IdempotentLedgerTable(
            self, "Ledger", system_name=config.system_name, regions=config.regions, tags={"system": config.system_name}
        )


class AuthorityStack(Stack):
    """The table that says which region is home: only where one is."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        HomeAuthorityTable(
            self, "Authority", system_name=config.system_name, regions=config.regions, tags={"system": config.system_name}
        )


class MeshStack(Stack):
    """One region's part of the event mesh. It stands by itself: a team's own events can use it too."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        self.mesh = CrossRegionEventMesh(
            self, "Mesh", system_name=config.system_name, regions=config.regions.replicas, transport=config.transport
        )


class RegionStack(Stack):
    """What takes payments in one region, and tells of them. It refers to no other stack, so it deploys while another region is down."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        *,
        mesh: CrossRegionEventMesh,
        approvals: Optional[Sequence[DashboardApprovals]] = None,
        cutover: Optional[DashboardCutover] = None,
        **props: Any,
    ) -> None:
        super().__init__(scope, construct_id, **props)
        self.mesh = mesh
        canary_part = config.parts.canary
        synthetic = [canary_part.tenant] if canary_part else []
        ledger = LedgerReplica.of(self, config.system_name, config.regions, synthetic_tenants=synthetic)
        domain, callers = config.domain, config.callers
        hosted_zone = HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.zone_name
        )
        self.api = ActiveActivePaymentsApi(
            self,
            "Api",
            ledger=ledger,
            authorization=PaymentsAuthorization.jwt(
                issuer=callers.issuer, audience=callers.audience, tenant_claim=callers.tenant_claim
            ),
            domain=PaymentsDomainProps(
                name=domain.name,
                hosted_zone=hosted_zone,
                records=domain.records,
                certificate=Certificate(
                    self, "Certificate", domain_name=domain.name, validation=CertificateValidation.from_dns(hosted_zone)
                ),
            ),
        )
        outbox = LedgerOutbox(self, "Outbox", ledger=ledger, mesh=mesh)
        recorder = Recorder(self, "Recorder", mesh=mesh)
        edge = config.parts.edge
        if edge:
            folder = str(Path(__file__).parent / edge.folder)
            ReplicatedSite(self, "Site", system_name=config.system_name, regions=config.regions.replicas, folder=folder)
        drill = config.parts.drill
        drilled = [one for one, source in config.drilled_from.items() if source == self.region] if drill else []
        for region in drilled:
            # The secret holds the prober's OAuth client: see docs/drill.md.
            client_secret = Secret.from_secret_name_v2(self, "DrillClient", f"{config.system_name}/drill-client")
            RegionDrill(
                self,
                "Drill",
                api=self.api,
                mesh=mesh,
                region=region,
                kind=RegionDrillKind.FAULT if drill.faults is Faults.BY_SCHEDULE else RegionDrillKind.DRAIN,
                faults=drill.faults is not Faults.NONE,
                public_name=domain.name,
                zone_name=domain.zone_name,
                prober=DrillProberProps(token_url=drill.token_url, client_secret=client_secret),
                topic=alarm_topic(self, config),
            )
        if drill and drill.faults is not Faults.NONE and self.region in config.drilled_from:
            # Lets an experiment make the functions of this region fail.
            RegionFault(self, "Fault", api=self.api, mesh=mesh)
        canary = None
        if canary_part:
            # The secret holds the canaries' OAuth client: see docs/canary.md.
            canary_secret = Secret.from_secret_name_v2(self, "CanaryClient", f"{config.system_name}/canary-client")
            canary = PaymentsCanary(
                self,
                "Canary",
                api=self.api,
                tenant=canary_part.tenant,
                public_name=domain.name,
                client=CanaryClientProps(token_url=canary_part.token_url, client_secret=canary_secret),
            )
        if config.parts.dashboard:
            PaymentsDashboard(
                self,
                "Operations",
                api=self.api,
                mesh=mesh,
                outbox=outbox,
                consumers=[recorder.consumer],
                canary=canary,
                approvals=approvals,
                cutover=cutover,
            )


class EdgeStack(Stack):
    """What browsers ask: in us-east-1, as CloudFront wants it, and by itself. It finds the buckets and the API by their names."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        domain, name = config.domain, config.parts.edge.name
        hosted_zone = HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.zone_name
        )
        certificate = Certificate(self, "Certificate", domain_name=name, validation=CertificateValidation.from_dns(hosted_zone))
        PaymentsEdge(
            self,
            "Edge",
            system_name=config.system_name,
            regions=config.regions.replicas,
            api_name=domain.name,
            domain=EdgeDomainProps(name=name, hosted_zone=hosted_zone, certificate=certificate),
        )


class DocumentsStack(Stack):
    """One region's documents. By themselves: the first region's stack sets the rules for all, and so comes after the others."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, **props: Any) -> None:
        super().__init__(scope, construct_id, **props)
        # The rules stay in one stack, whatever regions are added and in whatever order they stand.
        others = [region for region in config.regions.replicas if region != config.ledger_region]
        ReplicatedDocuments(self, "Documents", system_name=config.system_name, regions=[config.ledger_region, *others])


def define_system(
    app: Construct,
    config: Config,
    *,
    approvals: Optional[Sequence[DashboardApprovals]] = None,
    cutover: Optional[DashboardCutover] = None,
) -> list[RegionStack]:
    """Makes all stacks and returns those of the regions. What stands beside the system is to be seen on its dashboards."""

    def env(region: str) -> Environment:
        return Environment(account=config.account, region=region)

    name, regions = config.system_name, config.regions
    keys = [KeyStack(app, f"{name}-key-{region}", config, env=env(region)) for region in regions.replicas]
    ledger = LedgerStack(app, f"{name}-ledger", config, env=env(config.ledger_region))
    for key in keys:
        ledger.add_stack_dependency(key)
    authority = regions.authority and AuthorityStack(app, f"{name}-authority", config, env=env(regions.authority.replicas[0]))
    meshes = [MeshStack(app, f"{name}-mesh-{region}", config, env=env(region)) for region in regions.replicas]
    beyond: list[Stack] = [EdgeStack(app, f"{name}-edge", config, env=env("us-east-1"))] if config.parts.edge else []
    if config.parts.documents:
        beyond += [DocumentsStack(app, f"{name}-documents-{region}", config, env=env(region)) for region in regions.replicas]
    stacks = []
    for region, mesh in zip(regions.replicas, meshes):
        stack = RegionStack(
            app, f"{name}-{region}", config, mesh=mesh.mesh, approvals=approvals, cutover=cutover, env=env(region)
        )
        stack.add_stack_dependency(ledger)
        if authority:
            stack.add_stack_dependency(authority)
        stack.add_stack_dependency(mesh)
        stacks.append(stack)
    alarmed = [*meshes, *beyond, *stacks]
    for region in dict.fromkeys(stack.region for stack in alarmed):
        here = [stack for stack in alarmed if stack.region == region]
        for stack in here:
            send_alarms(stack, config)
        if region in config.alarms.topic_arns:
            continue
        topic = AlarmsStack(app, f"{name}-alarms-{region}", config, env=env(region))
        for stack in here:
            stack.add_stack_dependency(topic)
    return stacks

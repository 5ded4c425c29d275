"""Everything a team changes before it deploys, in one place."""

import os
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Mapping, Optional, Sequence, TypeVar

from cdk_multi_region_payments import AccountHomes, MeshTransport, PaymentRegions, PublicNameRecords, StrongRegionsProps

_Choice = TypeVar("_Choice", bound=Enum)


@dataclass(frozen=True)
class Domain:
    """The public name of the API in all regions, and its public hosted zone: by ID and name, so that synthesis needs no credentials."""

    name: str
    hosted_zone_id: str
    zone_name: str
    records: Optional[PublicNameRecords] = None
    """Who owns the name's records; each region its own, by latency, when None."""


@dataclass(frozen=True)
class Callers:
    """Whose tokens are accepted, and which claim names the caller's tenant."""

    issuer: str
    audience: Sequence[str]
    tenant_claim: str


@dataclass(frozen=True)
class Edge:
    """CloudFront in front of the web app and the API."""

    name: str
    """Public name of the web app, in the API's hosted zone."""
    folder: str
    """Folder with the built web app, beside this file."""


@dataclass(frozen=True)
class Canary:
    """Canaries in each region, which pay every five minutes."""

    token_url: str
    """Token endpoint of the callers' issuer, where the canaries get their tokens."""
    tenant: str
    """Tenant that the issuer gives them: no business metric counts its payments, and no event tells of them."""


class Faults(Enum):
    """Which drills take their region away by an experiment of AWS FIS, and not by a drain: none, those that a person starts so, or those of the
    schedule too. By default none, for an experiment needs AWS's extension in each function of the API, drill or not: their starts take
    longer, and each reads a bucket every 20 seconds. With mode STRONG alone."""

    NONE = "NONE"
    BY_HAND = "BY_HAND"
    BY_SCHEDULE = "BY_SCHEDULE"


@dataclass(frozen=True)
class Drill:
    """Drills of regions, four times a year."""

    token_url: str
    """Token endpoint of the callers' issuer, where the prober gets its tokens."""
    faults: Faults = Faults.NONE
    """Whether drills may make the region's functions fail, too."""


@dataclass(frozen=True)
class Parts:
    """What stands around the payments. Each part can be left out."""

    dashboard: bool = True
    """A dashboard of the whole system in each region: one of CloudWatch's custom dashboards, billed as such."""
    canary: Optional[Canary] = None
    """Canaries that pay every five minutes. None: not made."""
    drill: Optional[Drill] = None
    """Drills of regions. None: not made."""
    edge: Optional[Edge] = None
    """CloudFront in front of the web app and the API: a bucket in each region, and a distribution by the name. None: not made."""
    documents: bool = True
    """Documents such as statements: a bucket in each region, each copied to the others."""


@dataclass(frozen=True)
class Alarms:
    """Where every alarm goes. By default to a topic in each region that has no subscription: until you give one, no person is told."""

    email: Optional[str] = None
    """Address that gets each alarm by mail. It has to confirm the subscription of each region."""
    topic_arns: Mapping[str, str] = field(default_factory=dict)
    """ARN of a topic of your own, by its region: no topic is made there. An alarm can only tell a topic of its own region. The topic's policy
    must admit CloudWatch. So must its key, if it has one: `alias/aws/sns` does not, and cannot be made to."""


@dataclass(frozen=True)
class Config:
    """The system."""

    system_name: str
    """Prefix of every name, the same in all regions."""
    account: Optional[str]
    """AWS account of all stacks; the credentials' own when None."""
    regions: PaymentRegions
    ledger_region: str
    """Region whose stack makes the ledger's table: one of the replicas. It never changes, also when regions are added or named in another order."""
    transport: MeshTransport
    """How events get from region to region."""
    domain: Domain
    callers: Callers
    alarms: Alarms
    drilled_from: Mapping[str, str]
    """With `parts.drill`: which region is drilled, and the region that drills it. It stays when regions are added: give a new one a row."""
    parts: Parts


class Mode(Enum):
    """How the regions agree, and with that which regions there can be. It never changes after the first deployment."""

    STRONG = "STRONG"
    HOME_REGION = "HOME_REGION"


class Transport(Enum):
    """How events get from region to region: rules of our own, or an EventBridge global endpoint."""

    RULES = "RULES"
    GLOBAL_ENDPOINT = "GLOBAL_ENDPOINT"


# Near each other: a payment waits some 10 ms for the second region. Far from each other it waits an ocean's round trip.
STRONG_REPLICAS, STRONG_WITNESS = ["us-east-1", "us-west-2"], "us-east-2"
HOME_REGION_REPLICAS = ["us-east-1", "eu-central-1"]


def regions_of(mode: Mode, replicas: Any = None, witness: Any = None, authority: Any = None) -> PaymentRegions:
    """Where the system is, by the CDK context values `replicas` (names with commas between them) and `witness`; each mode has its default."""
    if mode is Mode.STRONG:
        names = STRONG_REPLICAS if replicas is None else _names_in(replicas, "replicas")
        is_default = replicas is None and witness is None
        return PaymentRegions.strong(replicas=names, witness=STRONG_WITNESS if is_default else _witness_of(witness))
    if witness is not None:
        raise ValueError(f"context 'witness' is '{witness}' in mode HOME_REGION, which has none: leave it out, or give --context mode=STRONG")
    names = HOME_REGION_REPLICAS if replicas is None else _names_in(replicas, "replicas")
    # Every tenant is at home in one of them, by hash at first.
    return PaymentRegions.home_region(replicas=names, homes=AccountHomes.by_tenant(), authority=_authority_of(authority))


def _authority_of(authority: Any) -> Optional[StrongRegionsProps]:
    """Three regions of the table that says who is home, the witness last. They are final after the first deployment."""
    if authority is None:
        return None
    names = _names_in(authority, "authority")
    if len(names) != 3:
        raise ValueError(f"context 'authority' is '{authority}': give three regions, the witness last")
    return StrongRegionsProps(replicas=names[:2], witness=names[2])


def _names_in(value: Any, context: str) -> list[str]:
    names = [name.strip() for name in str(value).split(",")]
    if not isinstance(value, str) or "" in names:
        raise ValueError(
            f"context '{context}' is '{value}': give names of regions with a comma between them, such as us-east-1,eu-central-1"
        )
    return names


def _witness_of(witness: Any) -> Optional[str]:
    if witness is None or (isinstance(witness, str) and witness != ""):
        return witness
    raise ValueError(f"context 'witness' is '{witness}': give the name of a region, or leave it out for three replicas")


ALL_PARTS = Parts(
    canary=Canary(token_url="https://login.example.com/oauth2/token", tenant="canary"),
    drill=Drill(token_url="https://login.example.com/oauth2/token"),
    edge=Edge(name="app.example.com", folder="site"),
)


def parts_of(only: Any = None, faults: Faults = Faults.NONE) -> Parts:
    """The parts asked for with `--context only=...` (names with commas between them, `none` for no part); all when it is not given. Drills by
    `faults` where they are asked for."""
    parts = _parts_in(only)
    if faults is Faults.NONE:
        return parts
    if parts.drill is None:
        raise ValueError(
            f"context 'faults' is '{faults.value}' without drills: give drill in 'only' too, or leave 'faults' out"
        )
    return replace(parts, drill=replace(parts.drill, faults=faults))


def _parts_in(only: Any) -> Parts:
    if only is None:
        return ALL_PARTS
    known = ["dashboard", "edge", "documents", "canary", "drill"]
    names = [name.strip() for name in str(only).split(",")]
    for name in names:
        if name not in [*known, "none"]:
            raise ValueError(f"context 'only' has '{name}': give some of {', '.join(known)} with commas between them, or none")
    return Parts(
        dashboard="dashboard" in names,
        canary=ALL_PARTS.canary if "canary" in names else None,
        drill=ALL_PARTS.drill if "drill" in names else None,
        edge=ALL_PARTS.edge if "edge" in names else None,
        documents="documents" in names,
    )


def _each_from_the_other(mode: Mode, regions: PaymentRegions) -> dict[str, str]:
    """The first two regions of a mode, each drilled from the other one."""
    known = STRONG_REPLICAS if mode is Mode.STRONG else HOME_REGION_REPLICAS
    first, second = (known if all(name in regions.replicas for name in known) else regions.replicas)[:2]
    return {first: second, second: first}


def config_of(
    mode: Mode,
    transport: Transport = Transport.RULES,
    regions: Optional[PaymentRegions] = None,
    parts: Parts = ALL_PARTS,
) -> Config:
    """The system in one mode, with one transport, in the mode's regions or in others, with all parts or some."""
    regions = regions or regions_of(mode)
    return Config(
        system_name="acme-pay",
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
        regions=regions,
        ledger_region="us-east-1" if "us-east-1" in regions.replicas else regions.replicas[0],
        transport=MeshTransport.rules() if transport is Transport.RULES else MeshTransport.global_endpoint(),
        domain=Domain(name="pay.example.com", hosted_zone_id="Z0123456789EXAMPLE00", zone_name="example.com"),
        callers=Callers(issuer="https://login.example.com", audience=["payments"], tenant_claim="tenant"),
        # Such as Alarms(email="on-call@example.com").
        alarms=Alarms(),
        drilled_from=_each_from_the_other(mode, regions),
        parts=parts,
    )


def mode_of(asked: Any) -> Mode:
    """The mode asked for with `--context mode=...`."""
    return _chosen("mode", asked, Mode.STRONG)


def faults_of(asked: Any) -> Faults:
    """The faults asked for with `--context faults=...`."""
    return _chosen("faults", asked, Faults.NONE)


def transport_of(asked: Any) -> Transport:
    """The transport asked for with `--context transport=...`."""
    return _chosen("transport", asked, Transport.RULES)


def _chosen(name: str, asked: Any, default: _Choice) -> _Choice:
    """One of the choices that the default is of."""
    if asked is None:
        return default
    choices = type(default)
    try:
        return choices(asked)
    except ValueError:
        given = " or ".join(choice.value for choice in choices)
        raise ValueError(f"context '{name}' is '{asked}': give {given}, or leave it out for {default.value}") from None

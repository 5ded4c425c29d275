"""How the system is moved: everything a team changes before it deploys, beside the system's own configuration."""

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional, Sequence

from aws_cdk import Duration
from cdk_multi_region_payments import AccountHomes, PaymentRegions, PublicNameRecords

import payments.config as system_config
from payments.config import Mode, Transport


@dataclass(frozen=True)
class Reconciliation:
    """The comparison of the regions afterwards: for how long, how often, and how old a difference must be to count."""

    length: Duration
    every: Duration
    settle: Duration


@dataclass(frozen=True)
class Times:
    """How long everything takes. Nothing is left out when it is shorter."""

    record_ttl: Duration
    """How long resolvers may keep the public name's answer."""
    ttl_lead: Duration
    """How long that TTL must have been in force before traffic moves."""
    lag_minutes: int
    """Minutes in a row in which the replication must have been fast, and how fast."""
    lag: Duration
    soak: Duration
    """How long each phase is watched, and how often."""
    soak_check_every: Duration
    approval: Duration
    """How long people have for an approval, how often they are reminded, and when it goes further up."""
    reminder_every: Duration
    escalate_after: Duration
    stuck_after: Duration
    """When a forgotten approval raises its alarm, and how often that is looked at."""
    stuck_check_every: Duration
    reconciliation: Reconciliation
    documents_parity_age: Duration
    """How old the backfill's comparison of the documents may be at each check, where the system has documents."""
    patience: Duration
    """What to do while Route 53 takes no changes: for how long to try again, and how often."""
    retry_every: Duration


@dataclass(frozen=True)
class Approvers:
    """Who approves."""

    issuer: str
    """Issuer of their ID tokens, and our client there."""
    client_id: str
    people: Sequence[str]
    """They are asked by mail and decide, each by the address that the issuer has verified."""
    required: int
    """How many of them must approve. Whoever starts the cutover does not count."""


@dataclass(frozen=True)
class Config:
    """The system as it runs, and how it is moved."""

    system: system_config.Config
    source: str
    target: str
    approvers: Approvers
    phases: Sequence[int]
    """Shares of the target, phase by phase."""
    times: Times


class Pace(Enum):
    """A migration over a week, or the same one over some minutes to try it."""

    FULL = "FULL"
    REHEARSAL = "REHEARSAL"


def times_of(pace: Pace) -> Times:
    """The times of a pace."""
    seconds, minutes, hours = Duration.seconds, Duration.minutes, Duration.hours
    if pace is Pace.FULL:
        return Times(
            record_ttl=seconds(5),
            ttl_lead=hours(24),
            lag_minutes=5,
            lag=Duration.millis(500),
            soak=minutes(30),
            soak_check_every=minutes(1),
            approval=hours(24),
            reminder_every=hours(4),
            escalate_after=hours(12),
            stuck_after=hours(4),
            stuck_check_every=minutes(5),
            reconciliation=Reconciliation(length=hours(72), every=minutes(15), settle=minutes(5)),
            documents_parity_age=hours(24),
            patience=hours(2),
            retry_every=minutes(5),
        )
    # Replication in a rehearsal shares a machine with everything else.
    return Times(
        record_ttl=seconds(5),
        ttl_lead=seconds(5),
        lag_minutes=2,
        lag=seconds(5),
        soak=seconds(10),
        soak_check_every=seconds(2),
        approval=minutes(15),
        reminder_every=minutes(1),
        escalate_after=minutes(5),
        stuck_after=minutes(2),
        stuck_check_every=minutes(1),
        reconciliation=Reconciliation(length=seconds(20), every=seconds(10), settle=seconds(10)),
        # A rehearsal takes some minutes.
        documents_parity_age=minutes(30),
        patience=seconds(60),
        retry_every=seconds(5),
    )


PLACES = "us-east-1,eu-central-1"
"""From where to where, unless other regions are asked for; the first one has the traffic."""
WITNESS = "us-east-2"
"""Of a STRONG ledger in these places: near the source, which has all the writes at first."""


def regions_of(mode: Mode, replicas: Any = None, witness: Any = None) -> PaymentRegions:
    """Where the system is, by the CDK context values `replicas`, of which the first is left for the second, and `witness`."""
    if mode is Mode.STRONG:
        default = WITNESS if replicas is None else None
        return system_config.regions_of(mode, replicas or PLACES, default if witness is None else witness)
    names = system_config.regions_of(mode, replicas or PLACES, witness).replicas
    # Every account is at home in the source, until the cutover moves the authority over them.
    return PaymentRegions.home_region(replicas=names, homes=AccountHomes.one_region(names[0]))


def config_of(
    pace: Pace,
    mode: Mode = Mode.HOME_REGION,
    regions: Optional[PaymentRegions] = None,
    parts: system_config.Parts = system_config.ALL_PARTS,
) -> Config:
    """The migration at a pace."""
    regions = regions or regions_of(mode)
    system = system_config.config_of(mode, Transport.RULES, regions, parts)
    source, target = regions.replicas[:2]
    return Config(
        system=dataclasses.replace(
            system,
            domain=dataclasses.replace(system.domain, records=PublicNameRecords.CUTOVER),
            # While the system is moved, no region is drilled.
            parts=dataclasses.replace(system.parts, drill=None),
        ),
        source=source,
        target=target,
        approvers=Approvers(
            issuer="https://login.example.com",
            client_id="payments-approvals",
            people=["ada@example.com", "grace@example.com", "katherine@example.com"],
            required=1,
        ),
        phases=[10, 25, 50, 90, 100],
        times=times_of(pace),
    )


def pace_of(asked: Any) -> Pace:
    """The pace asked for with `--context pace=...`."""
    if asked is None:
        return Pace.FULL
    try:
        return Pace(asked)
    except ValueError:
        raise ValueError(f"context 'pace' is '{asked}': give FULL or REHEARSAL, or leave it out for FULL") from None

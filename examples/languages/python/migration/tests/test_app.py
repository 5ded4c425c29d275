import json
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

from move.config import Pace, config_of, pace_of
from move.stacks import define_migration

# The feature flags of cdk.json; the recorder's function is not bundled, since its code does not matter here.
FLAGS = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]
CONTEXT = {**FLAGS, "aws:cdk:bundling-stacks": []}
CONFIG = config_of(Pace.FULL)
PLACES = [CONFIG.source, CONFIG.target]
NAME = CONFIG.system.system_name


@pytest.fixture(scope="module")
def app() -> App:
    app = App(context=CONTEXT)
    define_migration(app, CONFIG)
    return app


def template_of(app: App, name: str) -> Template:
    """The template of one of the app's stacks, by the end of its name."""
    return Template.from_stack(app.node.find_child(f"{NAME}-{name}"))


def test_the_cutover_stands_in_the_target_a_dying_source_must_not_take_it_along(app: App) -> None:
    assert app.node.find_child(f"{NAME}-cutover").region == CONFIG.target
    template_of(app, "cutover").has_resource_properties(
        "AWS::StepFunctions::StateMachine", {"StateMachineName": f"{NAME}-cutover"}
    )


def test_no_phase_begins_before_the_documents_are_the_same_in_both_regions(app: App) -> None:
    machines = template_of(app, "cutover").find_resources("AWS::StepFunctions::StateMachine")
    assert '"documentsSeconds":86400' in json.dumps(list(machines.values())).replace('\\', '')


@pytest.mark.parametrize("person", CONFIG.approvers.people)
def test_each_approver_is_asked_by_mail(app: App, person: str) -> None:
    template_of(app, "cutover").has_resource_properties("AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": person})


@pytest.mark.parametrize("region", PLACES)
def test_a_region_has_no_record_of_its_own_the_cutover_owns_the_weights(app: App, region: str) -> None:
    template_of(app, region).resource_count_is("AWS::Route53::RecordSet", 0)


@pytest.mark.parametrize("region", PLACES)
def test_a_region_has_the_alarm_that_a_cutover_rolls_back_by(app: App, region: str) -> None:
    template_of(app, region).has_resource_properties("AWS::CloudWatch::CompositeAlarm", {"AlarmName": f"{NAME}-watch"})


def test_the_ledger_has_a_replica_in_both_places_and_none_is_deleted_by_mistake(app: App) -> None:
    replicas = [Match.object_like({"Region": region, "DeletionProtectionEnabled": True}) for region in PLACES]
    template_of(app, "ledger").has_resource(
        "AWS::DynamoDB::GlobalTable", {"DeletionPolicy": "Retain", "Properties": {"Replicas": Match.array_with(replicas)}}
    )


def test_wrong_context_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="give FULL or REHEARSAL"):
        pace_of("fast")

import json
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

from payments.config import Mode, config_of, mode_of, regions_of
from payments.stacks import define_system

# The feature flags of cdk.json; the recorder's function is not bundled, since its code does not matter here.
FLAGS = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]
CONTEXT = {**FLAGS, "aws:cdk:bundling-stacks": []}
CONFIG = config_of(Mode.STRONG)
REGIONS = CONFIG.regions.replicas


@pytest.fixture(scope="module")
def app() -> App:
    app = App(context=CONTEXT)
    define_system(app, CONFIG)
    return app


def template_of(app: App, name: str) -> Template:
    """The template of one of the app's stacks, by the end of its name."""
    return Template.from_stack(app.node.find_child(f"{CONFIG.system_name}-{name}"))


def test_the_ledger_has_a_replica_in_every_region_and_none_is_deleted_by_mistake(app: App) -> None:
    replicas = [Match.object_like({"Region": region, "DeletionProtectionEnabled": True}) for region in REGIONS]
    template_of(app, "ledger").has_resource(
        "AWS::DynamoDB::GlobalTable", {"DeletionPolicy": "Retain", "Properties": {"Replicas": Match.array_with(replicas)}}
    )


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_answers_at_the_public_name_and_its_tokens_are_those_of_our_issuer(app: App, region: str) -> None:
    template = template_of(app, region)
    template.has_resource_properties("AWS::ApiGateway::DomainName", {"DomainName": CONFIG.domain.name})
    template.has_resource_properties(
        "AWS::Lambda::Function", {"Environment": {"Variables": Match.object_like({"AUTHORIZER_ISSUER": CONFIG.callers.issuer})}}
    )


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_records_each_event_once(app: App, region: str) -> None:
    template = template_of(app, region)
    template.has_resource_properties("AWS::DynamoDB::Table", {"TableName": f"{CONFIG.system_name}-recorder-effects"})
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Environment": {
                "Variables": Match.object_like({"EFFECTS_TABLE": Match.any_value(), "CONSUMER_INBOX_TABLE": Match.any_value()})
            }
        },
    )


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_has_alarms_that_lead_to_the_runbook(app: App, region: str) -> None:
    template_of(app, region).has_resource_properties(
        "AWS::CloudWatch::Alarm", {"AlarmDescription": Match.string_like_regexp("runbook\\.md#")}
    )


def test_wrong_context_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="give STRONG or HOME_REGION"):
        mode_of("home")
    with pytest.raises(ValueError, match="give names of regions"):
        regions_of(Mode.STRONG, "us-east-1,")
    with pytest.raises(ValueError, match="in mode HOME_REGION, which has none"):
        regions_of(Mode.HOME_REGION, None, "us-east-2")

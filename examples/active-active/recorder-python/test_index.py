"""Of the recorder's own words to DynamoDB: python -m pytest, with requirements-dev.txt installed."""

import os

import pytest

os.environ.update(
    EFFECTS_TABLE="effects",
    INBOX_TABLE="inbox",
    AWS_REGION="us-east-1",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="local",
    AWS_SECRET_ACCESS_KEY="local",
    POWERTOOLS_TRACE_DISABLED="true",
)
from botocore.stub import Stubber  # noqa: E402

import index  # noqa: E402

EVENT = {
    "id": "evt_1",
    "source": "acme-pay.ledger",
    "type": "payment.captured",
    "tenant": "acme & co/1 (new)",
    "subject": "pay_1",
    "origin": "us-west-2",
    "occurredAt": "2026-11-30T05:00:00.000Z",
    "data": {"amount": 1250, "currency": "EUR"},
}


def refused(stubber: Stubber, *codes: str) -> None:
    reasons = [{"Code": code} for code in codes]
    stubber.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": reasons}
    )


@pytest.fixture
def stubber():
    with Stubber(index.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_effect_and_done_are_one_transaction(stubber: Stubber) -> None:
    written = []
    index.client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems", lambda params, **_: written.append(params["TransactItems"])
    )
    stubber.add_response("transact_write_items", {})
    assert index.handler(EVENT, None) is None
    effect, done = (item["Update"] for item in written[0])
    assert (effect["TableName"], effect["Key"]) == ("effects", {"pk": {"S": "evt_1"}})
    assert (done["TableName"], done["ConditionExpression"]) == ("inbox", "#state = :running")


def test_the_key_has_the_tenant_as_javascript_encodes_it() -> None:
    assert index.done(EVENT)["Key"] == {"pk": {"S": "e#acme-pay.ledger#acme%20%26%20co%2F1%20(new)#evt_1"}}
    assert index.done({**EVENT, "tenant": ""})["Key"] == {"pk": {"S": "e#acme-pay.ledger##evt_1"}}


def test_where_another_attempt_was_faster_the_effect_is_there(stubber: Stubber) -> None:
    refused(stubber, "None", "ConditionalCheckFailed")
    assert index.handler(EVENT, None) is None


@pytest.mark.parametrize("codes", [("TransactionConflict", "None"), ("None", "TransactionConflict"), ("ThrottlingError", "None")])
def test_what_failed_is_raised_and_comes_again(stubber: Stubber, codes: tuple) -> None:
    refused(stubber, *codes)
    with pytest.raises(index.ClientError):
        index.handler(EVENT, None)

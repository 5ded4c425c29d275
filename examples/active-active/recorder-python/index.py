"""Records each event once, as the recorder in TypeScript does: a consumer by the contract of docs/events.md, with Powertools for AWS Lambda.

`IdempotentConsumer` calls it with the envelope of one event and its source. It succeeds, or raises: then the event comes again.
"""

import os
import time
from urllib.parse import quote

import boto3
from aws_lambda_powertools import Logger, Tracer
from botocore.config import Config
from botocore.exceptions import ClientError

EFFECTS = os.environ["EFFECTS_TABLE"]
INBOX = os.environ["INBOX_TABLE"]
# All attempts of a request end well within the function's ten seconds.
BOUNDS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})

logger = Logger()
# Lambda's invocation is in the event's trace, and what the tracer records of boto3 stands below it.
tracer = Tracer()
client = boto3.client("dynamodb", config=BOUNDS)


@tracer.capture_lambda_handler(capture_response=False, capture_error=True)
def handler(event: dict, _context: object) -> None:
    tracer.put_annotation("eventType", event["type"])
    record(event)
    # No name, no amount: what a log says of an event is what it can be found by.
    logger.info("recorded", extra={"eventId": event["id"], "eventType": event["type"]})


def record(event: dict) -> None:
    """Writes the effect, and in the same transaction that the event is done: what dies here has done both or nothing."""
    try:
        client.transact_write_items(TransactItems=[{"Update": effect_of(event)}, {"Update": done(event)}])
    except ClientError as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
        # Another attempt was faster: then the effect is there.
        if reasons[1:] == ["ConditionalCheckFailed"]:
            return
        raise


def effect_of(event: dict) -> dict:
    """The effect adds, without looking: were it made twice, the record would say 2."""
    return {
        "TableName": EFFECTS,
        "Key": {"pk": {"S": event["id"]}},
        "UpdateExpression": "SET #type = :type, paymentId = :payment, #origin = :origin, occurredAt = :at, amount = :amount, "
        "currency = :currency ADD effects :one",
        "ExpressionAttributeNames": {"#type": "type", "#origin": "origin"},
        "ExpressionAttributeValues": {
            ":type": {"S": event["type"]},
            ":payment": {"S": event["subject"]},
            ":origin": {"S": event["origin"]},
            ":at": {"S": event["occurredAt"]},
            ":amount": {"N": str(event["data"]["amount"])},
            ":currency": {"S": event["data"]["currency"]},
            ":one": {"N": "1"},
        },
    }


def done(event: dict) -> dict:
    """The inbox's record of the event: its key is the event's source, tenant and ID, the tenant in URL encoding."""
    # The characters that JavaScript's encodeURIComponent leaves as they are, too.
    tenant = quote(event.get("tenant", ""), safe="!*'()")
    return {
        "TableName": INBOX,
        "Key": {"pk": {"S": f"e#{event['source']}#{tenant}#{event['id']}"}},
        "ConditionExpression": "#state = :running",
        "UpdateExpression": "SET #state = :done, doneAt = :now",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":running": {"S": "RUNNING"}, ":done": {"S": "DONE"}, ":now": {"N": str(time.time_ns() // 1_000_000)}},
    }

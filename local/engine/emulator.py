"""Starts one emulator on a Unix socket, so that no page of a browser and no other user of the machine reaches it.

The emulator derives a function's keys from names that anybody can guess: here they are drawn by chance. Who listens to callers (a
region's proxy) asks for the secret of an access key, and verifies signatures by it: GET /_run/secrets/<access key>. The fabric names the functions that an
experiment makes fail: PUT /_run/faults. What CloudFormation waits for is taken under the ID that it gave out alone.
A function that is invoked goes on in the caller's trace, as on AWS: the emulator would begin another one.
"""
import asyncio
import contextvars
import json
import os
import resource
import secrets

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator
from ministack.core import lambda_runtime
from ministack.core.iam_evaluator import ResolvedCredential, find_iam_access_key_account, is_root_access_key, resolve_credential
from ministack.services import lambda_svc, sts
from ministack.services.cloudformation import custom_resource, wait_conditions

SECRETS_PATH = "/_run/secrets/"
FAULTS_PATH = "/_run/faults"

faulted = set()


def drawn_by_chance(derived):
    """The credentials of a function's role, with a secret and a token that nobody can compute."""
    drawn = {}

    def execution_credentials(config):
        key = derived(config)["AWS_ACCESS_KEY_ID"]
        secret, token = drawn.setdefault(key, (secrets.token_hex(32), secrets.token_hex(32)))
        sts._sessions[key] = {**sts._sessions[key], "SecretAccessKey": secret, "SessionToken": token}
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    return execution_credentials


# Of the request that is being answered; its threads have a copy.
trace_header = contextvars.ContextVar("trace_header", default=None)


def in_callers_trace(of_invocation):
    """The trace of an invocation: the caller's, where it names one that is recorded."""

    def trace_of(config, inbound=None):
        return of_invocation(config, inbound or trace_header.get())

    return trace_of


def invocation_trace(scope):
    """The trace header of an Invoke, if it names a parent in a trace that is recorded."""
    if not scope["path"].endswith("/invocations"):
        return None
    header = dict(scope["headers"]).get(b"x-amzn-trace-id", b"").decode("latin-1")
    return header if "Parent=" in header and "Sampled=1" in header else None


def secret_of(key):
    """The secret of a user's or a session's key; none for a key that is not known, and none for the root's, which the run made."""
    if is_root_access_key(key):
        return None
    session = sts._sessions.get(key)
    account = session.get("AccountId") if session else find_iam_access_key_account(key)
    found = resolve_credential(key, account)
    return found.secret_access_key if isinstance(found, ResolvedCredential) else None


def is_waited_for(path):
    """Whether CloudFormation waits for an answer at this path; None for another path."""
    prefix, _, token = path.rpartition("/")
    if prefix == "/_ministack/cfn-response":
        return token in custom_resource._pending
    if prefix == "/_ministack/cfn-signal":
        return wait_conditions.has_handle(token)
    return None


def failing(execute):
    """Runs functions but those that an experiment makes fail: their code does not run."""
    def execute_function(func, event):
        config = func.get("config") or func
        if config.get("FunctionName") not in faulted:
            return execute(func, event)
        said = {"errorType": "FaultInjected", "errorMessage": "an experiment makes this function fail"}
        return {"body": said, "error": True, "log": json.dumps(said)}

    return execute_function


async def body_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def app(scope, receive, send):
    if scope["type"] != "http":
        return await emulator.app(scope, receive, send)
    if scope["path"].startswith(SECRETS_PATH):
        secret = secret_of(scope["path"][len(SECRETS_PATH):])
        return await answer(send, 200 if secret else 404, {"secret": secret})
    if scope["path"] == FAULTS_PATH and scope["method"] == "PUT":
        faulted.clear()
        faulted.update(json.loads(await body_of(receive))["functions"])
        return await answer(send, 200, {})
    if is_waited_for(scope["path"]) is False:
        return await answer(send, 403, {"message": "CloudFormation waits for no such answer"})
    trace_header.set(invocation_trace(scope))
    return await emulator.app(scope, receive, send)


async def answer(send, status, content):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


def main():
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = drawn_by_chance(lambda_runtime.execution_credentials)
    lambda_svc._execute_function = failing(lambda_svc._execute_function)
    lambda_svc._xray_trace_id_for_invocation = in_callers_trace(lambda_svc._xray_trace_id_for_invocation)
    # Bursts of connections pass the soft limit of open files.
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        pass  # macOS refuses where the hard limit is none
    config = Config()
    config.bind = [f"unix:{os.environ.pop('EMULATOR_SOCKET')}"]
    config.umask = 0o077
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    asyncio.run(serve(app, config))


main()

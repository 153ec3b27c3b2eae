"""Schemathesis hooks for this API, and checks specific to it.

Schemathesis generates requests from the document alone. The hooks replace their accounts with the agent's accounts, and
keep logins at the demo issuer.
"""

import json
import os
import re
import shutil
import threading
import time
import urllib.parse
import zlib

import schemathesis
from schemathesis.core import NotSet
from schemathesis.core.failures import Failure

from agent import request

ACCOUNTS = os.environ["API_FUZZ_ACCOUNTS"].split()
# Its logins stay unapproved.
PENDING = "pending"
PASSPHRASE = "open sesame"
SOCKET = os.environ["API_FUZZ_SOCKET"]
ISSUER = os.environ["API_FUZZ_ISSUER"]
# `asking`, `changing`, or `wrong`: the state must not change, so each request must be invalid.
MODE = os.environ["API_FUZZ_MODE"]
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
# What api-fuzz's accounts have in `urls`: `work`, twice, and two that share a prefix.
MAPPED = ["https://git.example.com/team/x", "https://git.example.com:443/team", "https://shared.example.com/"]
UNMAPPED = "https://192.0.2.7:65000/a%20b/c?d#e"
URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9=&._~-]*)?")
# Where generated requests may let the agent write files, which is in its own home.
TOKENS = os.path.join(os.path.dirname(os.path.dirname(SOCKET)), "tokens")
SINK_PATH = re.compile(r"(/[^/\x00-\x1f\x7f]{1,220})+")
HARMLESS = os.path.realpath(shutil.which("true"))
# Its requests for a token wait for a confirmation.
CONFIRMED = "confirmed"
# What the demo issuer's STS has a role for.
ROLE_ACCOUNT = "aws"
ROLE = "arn:aws:iam::123456789012:role/ci"
DETAILS = '[{"type":"payment"}]'
# A valid request may conflict with the state: a store that exists already, a login pending with other settings. A
# schema cannot express that.
DEPENDS_ON_STATE = {("POST", "/v1/accounts/{account}/login"), ("POST", "/v1/store"), ("POST", "/v1/lock")}


@schemathesis.hook
def before_call(context, case, kwargs):
    # Derived from the request, so that a failure is reproducible.
    body = None if isinstance(case.body, NotSet) else case.body
    choice = zlib.crc32(repr((case.method, case.path_parameters, case.query, body)).encode())
    if MODE == "wrong" and not case.meta.generation.mode.is_negative:
        # An operation without invalid values is still called.
        case.query = {**(case.query or {}), "none-such": "1"}
    if case.path == "/v1/events" and case.method == "GET":
        # The stream does not end; watcher.py checks its events.
        case.query = {**(case.query or {}), "none-such": "1"}
    if case.path == "/v1/policy/check" and choice % 2:
        arrange_process(case)
    if case.path in ("/v1/token", "/v1/url"):
        arrange_url(case, choice)
    if case.path.endswith("/token") and "newer_than" in (case.query or {}):
        wait = case.query.get("wait", 40)
        # Otherwise the reply takes up to 40 seconds. An invalid value stays invalid.
        if isinstance(wait, int) and not isinstance(wait, bool) and 0 <= wait <= 40:
            case.query = {**case.query, "wait": wait % 2}
    if not case.meta.generation.mode.is_negative:
        complete_target(case)
    # Not a parameter in the document, but part of the request.
    accept = ["text/plain", "image/png", "text/plain;q=0.5, */*;q=0.1"]
    # Requests without variable parts would all be refused.
    if case.path_parameters and choice % 8 < len(accept) and "Accept" not in case.headers:
        case.headers["Accept"] = accept[choice % 8]
    name = case.path_parameters.get("account") if case.path_parameters else None
    if isinstance(name, str) and ACCOUNT.fullmatch(name):
        # In the other modes there are no logins to cancel.
        is_pending = case.method == "DELETE" or (MODE == "changing" and case.path.endswith("/login/response"))
        accounts = [PENDING] if is_pending else ACCOUNTS + ["nobody"]
        case.path_parameters["account"] = accounts[choice // 8 % len(accounts)]
    if isinstance(case.body, dict):
        if case.path.endswith("/login"):
            keep_login_here(case.body)
        if case.path == "/v1/sinks":
            keep_sink_here(case.body, choice)
            if case.meta.generation.mode.is_positive:
                complete_sink(case.body)
        if case.path.endswith("/aws-credentials") and isinstance(case.body.get("role_arn"), str) and choice % 2:
            arrange_role(case)
        # Otherwise each wrong guess would delay the next one.
        shortest = {"/v1/lock": 1, "/v1/unlock": 1, "/v1/store": 2}.get(case.path)
        if shortest and is_text(case.body.get("passphrase"), shortest, 1024):
            case.body["passphrase"] = PASSPHRASE
    if MODE == "changing":
        arrange(case, choice)


def arrange_process(case):
    """Replaces the process ID with an existing one."""
    pid = (case.query or {}).get("pid")
    if isinstance(pid, int) and not isinstance(pid, bool) and 1 <= pid < 1 << 31:
        case.query = {**case.query, "pid": int(os.environ["API_FUZZ_PID"])}


def complete_target(case):
    """Gives details that are JSON, and resolves what a request must not have together: the document has words for both."""
    query = case.query or {}
    if isinstance(query.get("authorization_details"), str):
        case.query = query = {**query, "authorization_details": DETAILS}
    if "acr" in query:
        case.query = {name: value for name, value in query.items() if name in ("acr", "min_valid", "url", "username", "wait")}
    if isinstance(case.body, dict):
        for name, text in (("authorization_details", DETAILS), ("claims", '{"id_token":{}}')):
            if isinstance(case.body.get(name), str):
                case.body[name] = text
        if case.path.endswith("/token/rejected") and "acr" in case.body:
            for name in ("scope", "resource", "audience", "authorization_details"):
                case.body.pop(name, None)


def arrange_url(case, choice):
    """Replaces a valid URL with one of an account, of two that share it, or of none: a schema cannot say what is valid."""
    url = (case.query or {}).get("url")
    if not isinstance(url, str) or (case.meta.generation.mode.is_negative and not URL.fullmatch(url)):
        return
    case.query = {**case.query, "url": MAPPED[choice // 4 % len(MAPPED)] if choice % 4 else UNMAPPED}
    if choice % 2 and not case.meta.generation.mode.is_negative:
        # The login's own token, which needs nothing of the provider.
        case.query = {name: value for name, value in case.query.items() if name in ("url", "username", "wait")}
    if isinstance(case.query.get("username"), str) and choice % 3:
        case.query = {**case.query, "username": "first"}


def arrange(case, choice):
    """Creates the state that an operation needs, for some requests."""
    if case.path != "/v1/unlock" and choice % 4 and request(SOCKET, "GET", "/v1/health")[1].get("locked"):
        # With a sealed store with a passphrase this takes a second.
        request(SOCKET, "POST", "/v1/unlock", {"passphrase": PASSPHRASE})
    if (case.path_parameters or {}).get("account") == PENDING:
        request(SOCKET, "POST", f"/v1/accounts/{PENDING}/login", {})
    if case.path == "/v1/sinks":
        arrange_sinks(case, choice)
    if case.path == "/v1/approvals" and isinstance(case.body, dict) and choice % 2:
        arrange_approval(case.body)


def arrange_sinks(case, choice):
    """Removes the sinks of earlier requests, which have the same few paths; adds one that is to be removed."""
    for sink in request(SOCKET, "GET", "/v1/sinks")[1]["sinks"]:
        request(SOCKET, "DELETE", f"/v1/sinks?{urllib.parse.urlencode({'path': sink['path']})}")
    if case.method == "DELETE" and isinstance((case.query or {}).get("path"), str) and choice % 8:
        path = f"{TOKENS}/removed"
        request(SOCKET, "POST", "/v1/sinks", {"account": "work", "path": path})
        case.query = {**case.query, "path": path}


def arrange_approval(body):
    """Names a request that waits for a confirmation. An invalid answer stays invalid."""
    if not isinstance(body.get("id"), str):
        return
    target = f"/v1/accounts/{CONFIRMED}/token?wait=5"
    threading.Thread(target=request, args=(SOCKET, "GET", target), daemon=True).start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        waiting = request(SOCKET, "GET", "/v1/approvals")[1]["approvals"]
        if waiting:
            body["id"] = waiting[0]["id"]
            return
        time.sleep(0.01)


def arrange_role(case):
    """Names an account with a role. Invalid requests stay invalid."""
    if case.meta.generation.mode.is_negative:
        return
    case.path_parameters["account"] = ROLE_ACCOUNT
    case.body["role_arn"] = ROLE


def keep_sink_here(body, choice):
    """Keeps files in the agent's home, and starts no program that does anything. Invalid requests stay invalid."""
    path = body.get("path")
    if isinstance(path, str) and len(path) < 4096 and SINK_PATH.fullmatch(path):
        if not any(part in (".", "..") for part in path.split("/")):
            body["path"] = f"{TOKENS}/{choice % 4}"
    words = body.get("on_change")
    if isinstance(words, list) and words and isinstance(words[0], str) and "\0" not in words[0]:
        body["on_change"] = [HARMLESS, *words[1:]]
    group = body.get("group")
    if isinstance(group, str) and group and "\0" not in group:
        body["group"] = "root"


def complete_sink(body):
    """Resolves what members a valid request must not have together, which the document says in words only."""
    if body.get("what") == "env":
        body["variable"] = body.get("variable") or "TOKEN"
    else:
        body.pop("variable", None)
    if body.get("what") == "id_token":
        for name in ("scopes", "audience"):
            body.pop(name, None)
    if body.get("mode") in ("0440", "0640"):
        body["group"] = "root"


def is_text(value, shortest, longest):
    return isinstance(value, str) and shortest <= len(value) <= longest


def keep_login_here(body):
    """Removes members that lead to other hosts, and waits. Invalid requests stay invalid."""
    for name in ("provider", "device_endpoint", "token_endpoint", "revocation_endpoint", "registration_endpoint",
                 "authorization_endpoint", "client_key_file", "client_certificate_file", "registration_token"):
        if isinstance(body.get(name), str):
            del body[name]
    if isinstance(body.get("issuer"), str):
        body["issuer"] = ISSUER
    if body.get("timeout") is None:
        body["timeout"] = 3
    timeout = body["timeout"]
    if isinstance(timeout, int) and not isinstance(timeout, bool) and 1 <= timeout <= 86400:
        body["timeout"] = min(timeout, 3)


@schemathesis.hook
def after_call(context, case, response):
    """Records the reply, so that run.py can check the coverage."""
    is_problem = response.status_code >= 400 and case.method != "HEAD"
    code = response.json()["code"] if is_problem else "-"
    with open(os.environ["API_FUZZ_SEEN"], "a") as seen:
        print(case.operation.method.upper(), case.path, case.method, response.status_code, code, file=seen)


@schemathesis.check
def problems_are_explained(ctx, response, case):
    """A refusal has a stable code, a detail and a hint, and is never an internal error."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    problem = response.json()
    for name in ("code", "detail", "hint"):
        if not problem.get(name):
            raise Failure(operation=case.operation.label, title="Unexplained problem", message=f"no {name}: {problem}")
    if problem["status"] != response.status_code:
        raise Failure(operation=case.operation.label, title="Wrong status in the problem", message=str(problem))
    if problem["code"] == "internal_error":
        raise Failure(operation=case.operation.label, title="Internal error", message=str(problem))


@schemathesis.check
def what_is_right_is_accepted(ctx, response, case):
    """As positive_data_acceptance, which takes a scope refused by the provider for an invalid request."""
    if response.status_code != 400 or case.method == "HEAD":
        return
    if MODE == "wrong" or case.path == "/v1/events" or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if (case.method, case.path) in DEPENDS_ON_STATE:
        return
    problem = response.json()
    if problem["code"] == "bad_request":
        raise Failure(operation=case.operation.label, title="Refused what the document allows", message=str(problem))


@schemathesis.check
def events_conform(ctx, response, case):
    """Each line of a login's reply is an event, and only the last one is final."""
    if response.status_code != 200 or not case.path.endswith("/login") or case.method != "POST":
        return
    events = [json.loads(line) for line in response.text.splitlines()]
    if not events or events[-1]["event"] not in ("done", "failed"):
        raise Failure(operation=case.operation.label, title="A login without an end", message=response.text)
    for event in events:
        if not EVENT.is_valid(event):
            raise Failure(operation=case.operation.label, title="Undescribed event", message=json.dumps(event))


@schemathesis.check
def replies_are_not_stored(ctx, response, case):
    if response.headers.get("cache-control") != ["no-store"]:
        raise Failure(operation=case.operation.label, title="Storable reply", message=str(response.headers))


def event_validator():
    import jsonschema_rs

    document = json.load(open(os.environ["API_FUZZ_DOCUMENT"]))
    return jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/LoginEvent", "components": document["components"]}
    )


EVENT = event_validator()

"""Runs Schemathesis against private agents, and checks their state afterwards. Started by packaging/dev/api-fuzz."""

import argparse
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from openapi_spec_validator import validate

from agent import SEALED_PASSPHRASE, Agent, Issuer, log, request
from forwarder import Forwarder
from watcher import Watcher

HERE = pathlib.Path(__file__).parent
# Operations that change the agent or end logins.
CHANGING = [
    "logOut", "startLogin", "cancelLogin", "answerLogin", "changeStore", "lock", "unlock", "reload", "addSink", "removeSink",
    "answerApproval",
]


def strict(document: dict) -> dict:
    """The document without additional members in replies: later versions may add members, this one must not."""
    document = copy.deepcopy(document)
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not name.endswith(("Request", "Answer")) and name != "OpenAPIDocument":
            schema["additionalProperties"] = False
    return document


def serving(bin: pathlib.Path, home: pathlib.Path, issuers: list[Issuer]) -> Agent:
    """An agent with accounts that are logged in, logged out, locked, unreachable and misconfigured."""
    agent = Agent(bin, home)
    agent.start()
    agent.run("store", "init", "--passphrase", input=f"{SEALED_PASSPHRASE}\n")
    agent.login("sealed", issuers[0], "--store", "sealed")
    agent.stop()
    # This agent never gets the passphrase.
    agent.start()
    agent.login("work", issuers[0], "--store", "memory")
    agent.login("openid", issuers[0], "--store", "memory", "--scope", "openid")
    agent.login("aws", issuers[0], "--store", "memory", "--scope", "openid")
    brief = Issuer(bin, "--auto-approve", "--access-ttl", "1")
    try:
        agent.login("offline", brief, "--store", "memory")
    finally:
        brief.close()
    file = f'issuer = "{issuers[0].url}"\nclient_id = "fuzz"\n'
    agent.account_file("out", file + 'store = "memory"\n')
    agent.account_file("keyring", file + 'store = "keyring"\n')
    for name in ("first", "second"):
        agent.account_file(
            name, file + f'store = "memory"\nurls = ["https://shared.example.com/"]\ngit_username = "{name}"\n')
    work = agent.home / "config/authagent/accounts/work.toml"
    work.write_text(work.read_text() + 'urls = ["https://git.example.com/team/"]\n')
    aws = agent.home / "config/authagent/accounts/aws.toml"
    services = f'sso_portal_url = "{issuers[0].url}"\nsts_url = "{issuers[0].url}/sts"\n'
    aws.write_text(aws.read_text() + services)
    agent.run("reload")
    agent.account_file("broken", "client_id = \n")
    agent.run("sink", "add", "work")
    return agent


def changing(bin: pathlib.Path, home: pathlib.Path, issuers: list[Issuer]) -> Agent:
    """An agent whose state may be lost."""
    agent = Agent(bin, home)
    agent.start()
    agent.login("work", issuers[0], "--store", "memory")
    for name, issuer in (("out", issuers[0]), ("confirmed", issuers[0]), ("pending", issuers[1])):
        agent.account_file(name, f'issuer = "{issuer.url}"\nclient_id = "fuzz"\nstore = "memory"\n')
    agent.settings(
        f'[[rule]]\naccounts = ["confirmed"]\nuid = {os.getuid()}\nallow = ["token"]\nconfirm = "each"\n')
    agent.run("reload")
    return agent


def fuzz(
    name: str, mode: str, agent: Agent, accounts: str, issuer: str, document: pathlib.Path, options: list[str]
) -> list[str]:
    """Returns the failures; Schemathesis prints its findings."""
    log(f"\n== {name}")
    forwarder = Forwarder(agent.socket)
    watcher = Watcher(agent.socket, json.loads(document.read_text()))
    environment = os.environ | {
        "API_FUZZ_SOCKET": agent.socket, "API_FUZZ_PID": str(agent.pid), "API_FUZZ_ACCOUNTS": accounts, "API_FUZZ_ISSUER": issuer, "API_FUZZ_DOCUMENT": str(document),
        "API_FUZZ_SEEN": str(document.parent / "seen"), "API_FUZZ_MODE": mode,
        "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
    }
    command = [
        str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"),
        "run", str(document), "--url", forwarder.url, "--no-color", "--warnings=off", *options,
    ]
    try:
        status = subprocess.run(command, env=environment, cwd=agent.home, stdin=subprocess.DEVNULL).returncode
    finally:
        watcher.close()
        forwarder.close()
    with open(document.parent / "seen", "a") as seen:
        print("GET /v1/events GET", watcher.status, "-", file=seen)
    log(f"{watcher.events} events beside it")
    agent.require_alive()
    return watcher.wrong + ([f"{mode}: Schemathesis has found violations"] if status != 0 else [])


def filters(kind: str, operations: list[str]) -> list[str]:
    return [f"--{kind}-operation-id={operation}" for operation in operations]


def check(bin: pathlib.Path, home: pathlib.Path, path: pathlib.Path, arguments) -> list[str]:
    """Returns the failures."""
    wrong = []
    common = [f"--max-examples={arguments.max_examples}", f"--seed={arguments.seed}"]
    issuers = [Issuer(bin, "--auto-approve"), Issuer(bin)]
    agents = []
    try:
        (home / "serving").mkdir()
        (home / "changing").mkdir()
        agent = serving(bin, home / "serving", issuers)
        agents.append(agent)
        accounts = "work work work openid aws sealed offline out keyring broken"
        wrong += fuzz("reading operations, on accounts in every state", "asking", agent, accounts, issuers[0].url, path,
                      common + filters("exclude", CHANGING))
        # Each of these is invalid, and so must not change anything.
        wrong += fuzz("invalid changing operations", "wrong", agent, accounts, issuers[0].url,
                      path, common + filters("include", CHANGING) + ["--mode=negative"])
        for account in ("work", "openid", "aws"):
            status, reply = request(agent.socket, "GET", f"/v1/accounts/{account}/token")
            if status != 200:
                wrong.append(f"the login of '{account}' is lost: {reply}")
        sinks = request(agent.socket, "GET", "/v1/sinks")[1]["sinks"]
        if [sink["state"] for sink in sinks] != ["ok"]:
            wrong.append(f"these are not the sinks from before: {sinks}")
        agent.stop()

        agent = changing(bin, home / "changing", issuers)
        agents.append(agent)
        wrong += fuzz("changing operations", "changing", agent, "work out new", issuers[0].url, path,
                      common + filters("include", CHANGING))
        agent.stop()
    finally:
        for agent in agents:
            agent.kill()
        for issuer in issuers:
            issuer.close()
    return wrong


def reached(document: dict, seen: pathlib.Path) -> tuple[list[str], str]:
    """Returns the operations without a success, and a summary: a run with refusals only proves little."""
    replies = {tuple(line.split()) for line in seen.read_text().splitlines()}
    done = {(method, path) for method, path, sent, status, _ in replies if sent == method and status == "200"}
    operations = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    codes = {code for *_, code in replies if code != "-"}
    missed = [f"{method} {path} was never answered with 200" for method, path in sorted(operations - done)]
    return missed, f"{len(operations)} operations, {len(codes)} problem codes ({' '.join(sorted(codes))})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="api-fuzz")
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--max-examples", type=int, default=40, help="for each operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="api-fuzz.") as directory:
        home = pathlib.Path(directory)
        (home / "describing").mkdir()
        agent = Agent(arguments.bin, home / "describing")
        agent.start()
        try:
            _, document = request(agent.socket, "GET", "/v1/openapi.json")
        finally:
            agent.stop()
        validate(document)
        path = home / "openapi.json"
        path.write_text(json.dumps(strict(document)))
        wrong = check(arguments.bin, home, path, arguments)
        missed, summary = reached(document, home / "seen")
    wrong += missed
    for text in wrong:
        log(f"api-fuzz: error: {text}")
    outcome = f"{len(wrong)} errors" if wrong else "no violation"
    log(f"\napi-fuzz: {summary}, seed {arguments.seed}, {time.monotonic() - started:.0f} s: {outcome}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

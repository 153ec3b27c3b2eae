"""Runs Schemathesis against agents of its own, and looks at what is left of them. packaging/api-fuzz starts it."""

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

from agent import SEALED_PASSPHRASE, Agent, Issuer, log
from forwarder import Forwarder

HERE = pathlib.Path(__file__).parent
# What changes the agent or ends logins.
CHANGING = ["logOut", "startLogin", "cancelLogin", "changeStore", "lock", "unlock", "reload"]


def strict(document: dict) -> dict:
    """As the document, but nothing that it does not name may be in a reply: later versions may say more, this one not."""
    document = copy.deepcopy(document)
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not name.endswith("Request") and name != "OpenAPIDocument":
            schema["additionalProperties"] = False
    return document


def serving(bin: pathlib.Path, home: pathlib.Path, issuers: list[Issuer]) -> Agent:
    """An agent whose accounts are logged in, logged out, locked, out of reach, and wrong."""
    agent = Agent(bin, home)
    agent.start()
    agent.run("store", "init", "--passphrase", input=f"{SEALED_PASSPHRASE}\n")
    agent.login("sealed", issuers[0], "--store", "sealed")
    agent.stop()
    # Nobody gives this one the passphrase.
    agent.start()
    agent.login("work", issuers[0], "--store", "memory")
    agent.login("openid", issuers[0], "--store", "memory", "--scope", "openid")
    brief = Issuer(bin, "--access-ttl", "1")
    try:
        agent.login("offline", brief, "--store", "memory")
    finally:
        brief.close()
    file = f'issuer = "{issuers[0].url}"\nclient_id = "fuzz"\n'
    agent.account_file("out", file + 'store = "memory"\n')
    agent.account_file("keyring", file + 'store = "keyring"\n')
    agent.run("reload")
    agent.account_file("broken", "client_id = \n")
    return agent


def changing(bin: pathlib.Path, home: pathlib.Path, issuers: list[Issuer]) -> Agent:
    """An agent that may lose everything it has."""
    agent = Agent(bin, home)
    agent.start()
    agent.login("work", issuers[0], "--store", "memory")
    agent.account_file("out", f'issuer = "{issuers[0].url}"\nclient_id = "fuzz"\nstore = "memory"\n')
    agent.run("reload")
    return agent


def fuzz(
    name: str, agent: Agent, accounts: str, issuer: str, document: pathlib.Path, options: list[str],
    only_wrong: bool = False,
) -> bool:
    """Whether Schemathesis found nothing."""
    log(f"\n== {name}")
    forwarder = Forwarder(agent.socket)
    environment = os.environ | {
        "API_FUZZ_ACCOUNTS": accounts, "API_FUZZ_ISSUER": issuer, "API_FUZZ_DOCUMENT": str(document),
        "API_FUZZ_ONLY_WRONG": "1" if only_wrong else "",
        "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"),
        "run", str(document), "--url", forwarder.url, "--no-color", "--warnings=off", *options,
    ]
    try:
        return subprocess.run(command, env=environment, cwd=agent.home, stdin=subprocess.DEVNULL).returncode == 0
    finally:
        forwarder.close()


def filters(kind: str, operations: list[str]) -> list[str]:
    return [f"--{kind}-operation-id={operation}" for operation in operations]


def check(bin: pathlib.Path, home: pathlib.Path, path: pathlib.Path, arguments) -> list[str]:
    """What is wrong."""
    wrong = []
    common = [f"--max-examples={arguments.max_examples}", f"--seed={arguments.seed}"]
    issuers = [Issuer(bin)]
    agents = []
    try:
        (home / "serving").mkdir()
        (home / "changing").mkdir()
        agent = serving(bin, home / "serving", issuers)
        agents.append(agent)
        everybody = "work openid sealed offline out keyring broken"
        if not fuzz("what asks, of accounts in every state", agent, everybody, issuers[0].url, path,
                    common + filters("exclude", CHANGING)):
            wrong.append("asking finds violations")
        # Each of these is wrong, and so must change nothing.
        if not fuzz("what would change the agent, if it were not wrong", agent, everybody, issuers[0].url, path,
                    common + filters("include", CHANGING) + ["--mode=negative"], only_wrong=True):
            wrong.append("wrong requests for a change find violations")
        for account in ("work", "openid"):
            status, reply = agent.get(f"/v1/accounts/{account}/token")
            if status != 200:
                wrong.append(f"the login of '{account}' is lost: {reply}")
        agent.stop()

        agent = changing(bin, home / "changing", issuers)
        agents.append(agent)
        if not fuzz("what changes the agent", agent, "work out new", issuers[0].url, path,
                    common + filters("include", CHANGING)):
            wrong.append("changing finds violations")
        if agent.has_ended:
            wrong.append(f"the agent has crashed:\n{agent.log()}")
        agent.stop()
    finally:
        for agent in agents:
            agent.kill()
        for issuer in issuers:
            issuer.close()
    return wrong


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
            _, document = agent.get("/v1/openapi.json")
        finally:
            agent.stop()
        validate(document)
        path = home / "openapi.json"
        path.write_text(json.dumps(strict(document)))
        wrong = check(arguments.bin, home, path, arguments)
    for text in wrong:
        log(f"api-fuzz: error: {text}")
    operations = sum(len(item) - ("parameters" in item) for item in document["paths"].values())
    log(
        f"\napi-fuzz: {operations} operations, seed {arguments.seed}, {time.monotonic() - started:.0f} s: "
        + (f"{len(wrong)} of the checks failed" if wrong else "no violation")
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""A private agent with accounts in every state, and its demo issuer."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

SEALED_PASSPHRASE = "correct horse battery"


class Issuer:
    """Ends at the end of its input."""

    def __init__(self, bin: pathlib.Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [bin / "demo-issuer", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.url = self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


class Agent:
    def __init__(self, bin: pathlib.Path, home: pathlib.Path) -> None:
        self._bin = bin
        self.home = home
        self.socket = str(home / "run/agent.sock")
        for name in ("run", "config", "state", "tokens"):
            (home / name).mkdir(0o700)
        # No session bus: the tester's keyring must stay out of reach.
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"), "XDG_RUNTIME_DIR": str(home / "run"),
            "AUTHAGENT_SYSTEM_CONFIG": str(home / "none"), "AUTHAGENT_SOCK": self.socket,
        }
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.home / "agent.log", "ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "authagentd"], env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.socket)
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the agent does not serve:\n{self.log()}")

    def stop(self) -> None:
        """Stops the process; fails if it has crashed."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            status = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise SystemExit("the agent does not end")
        if status != 0:
            raise SystemExit(f"the agent has ended with {status}:\n{self.log()}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def require_alive(self) -> None:
        status = self._process.poll()
        if status is not None:
            raise SystemExit(f"api-fuzz: error: the agent has ended with {status}:\n{self.log()}")

    def log(self) -> str:
        return (self.home / "agent.log").read_text(errors="replace")[-40000:]

    def run(self, *arguments: str, input: str = "") -> str:
        """Returns the output of a client command, which must succeed."""
        result = subprocess.run(
            [self._bin / "authagent", *arguments], env=self._environment, input=input, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        if result.returncode != 0:
            raise SystemExit(f"authagent {' '.join(arguments)} ends with {result.returncode}: {result.stderr}")
        return result.stdout

    def login(self, account: str, issuer: Issuer, *options: str) -> None:
        self.run("login", account, "--issuer", issuer.url, "--client-id", "fuzz", "--scope", "profile", *options)

    def account_file(self, name: str, text: str) -> None:
        directory = self.home / "config/authagent/accounts"
        directory.mkdir(0o700, parents=True, exist_ok=True)
        path = directory / f"{name}.toml"
        path.write_text(text)
        path.chmod(0o600)

    def settings(self, text: str) -> None:
        path = self.home / "config/authagent/authagent.toml"
        path.write_text(text)
        path.chmod(0o600)


def request(path: str, method: str, target: str, body: dict | None = None) -> tuple[int, dict]:
    """Sends a request to the socket at this path; of an event stream, reads only the first event."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(60)
    connection.sock.connect(path)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, target, text, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.readline() if target.endswith("/login") else response.read())
    finally:
        connection.close()


def log(text: str) -> None:
    print(text, flush=True, file=sys.stdout)

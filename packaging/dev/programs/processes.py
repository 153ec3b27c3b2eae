"""What a trial waits for, and processes that run beside it."""

import pathlib
import re
import socket
import subprocess
import time

# For each wait for another process: generous, because the trials share their processors with builds.
PATIENCE = 60


class Failed(Exception):
    """What a trial saw is not what it has to see."""


def check(condition: object, problem: str) -> None:
    if not condition:
        raise Failed(problem)


def wait_for(what: str, condition, patience: float = PATIENCE):
    """The first true value of a condition that is asked again and again."""
    deadline = time.monotonic() + patience
    while True:
        if value := condition():
            return value
        check(time.monotonic() < deadline, f"gave up waiting for {what}")
        time.sleep(0.05)


class Background:
    """A process that runs beside the trial."""

    def __init__(self, process: subprocess.Popen, log: pathlib.Path) -> None:
        self.process = process
        self._log = log
        self.name = log.stem

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def first_match(self, pattern: str) -> str | None:
        match = re.search(pattern, self.output())
        check(match or self.is_running, f"{self._log.name} has ended:\n{self.output()[-2000:]}")
        return match and match.group(1)

    def end(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        if self.is_running:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A port that is free now, for servers that cannot choose one; another process may still take it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serves(process: Background, *ports: int) -> bool:
    """Waits until a server answers at each port; false if it has ended, for example because a port was taken."""
    def is_settled() -> bool:
        if not process.is_running:
            return True
        for port in ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return False
        return True

    wait_for(f"{process.name} at {', '.join(map(str, ports))}", is_settled)
    return process.is_running

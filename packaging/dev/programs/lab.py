"""A private place for one trial: the demo issuer, an agent with a login, certificates, and what was seen."""

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import tempfile

import certificates
from processes import PATIENCE, Background, Failed, check, wait_for

# The names under which programs look for their helper; each is a link to the client.
LINKS = (
    "git-credential-authagent",
    "docker-credential-authagent",
    "cargo-credential-authagent",
    "terraform-credentials-authagent",
)


class Result:
    def __init__(self, status: int, output: str, errors: str) -> None:
        self.status = status
        self.output = output
        self.errors = errors

    @property
    def text(self) -> str:
        return self.output + self.errors


class Lab:
    """Ends all that it started, and removes its files, when its `with` block ends."""

    def __init__(self, bin: pathlib.Path, cache: pathlib.Path, refuses: bool = False, is_brief: bool = False) -> None:
        self.refuses = refuses
        self.is_brief = is_brief
        # How many tokens servers have refused although the issuer knows them, for --refuse.
        self.refusals = 0
        self.cache = cache
        self.bin = bin
        self._stack = contextlib.ExitStack()
        self.secrets: set[str] = set()
        self._processes = 0
        self.backgrounds: list[Background] = []
        # A short path: a socket's is limited to 107 bytes.
        self.home = pathlib.Path(self._stack.enter_context(_directory()))
        for name in ("run", "config", "state", "bin", "cache", "authagent-etc"):
            (self.home / name).mkdir(0o700)
        for name in ("authagent", *LINKS):
            (self.home / "bin" / name).symlink_to(bin / "authagent")
        self.environment = {
            "PATH": f"{self.home / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home), "LANG": "C.UTF-8", "TMPDIR": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"), "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_RUNTIME_DIR": str(self.home / "run"), "XDG_CACHE_HOME": str(self.home / "cache"),
            "AUTHAGENT_SYSTEM_CONFIG": str(self.home / "authagent-etc"),
        }
        # The default place, so that the helpers find it without AUTHAGENT_SOCK.
        self.socket = self.home / "run/authagent/agent.sock"

    def __enter__(self) -> "Lab":
        try:
            self._start_issuer()
            self._start_agent()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    # What is seen

    def say(self, text: str) -> None:
        print(self.redacted(text), flush=True)

    def step(self, text: str) -> None:
        self.say(f"-- {text}")

    def hide(self, token: str) -> None:
        """No output shows this text from now on."""
        if len(token) >= 8:
            self.secrets.add(token)

    def redacted(self, text: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "TOKEN")
        return text.replace(str(self.home), "~")

    # Processes

    def program(self, name: str) -> str:
        """The absolute path of the client, or of a link to it."""
        return str(self.home / "bin" / name)

    def run(
        self, *command: object, input: str | None = None, shows: bool = True, cwd: object = None,
        patience: float = PATIENCE, **environment: object,
    ) -> Result:
        """Runs a command to its end, prints it as typed, and what it printed."""
        words = [str(word) for word in command]
        words[0] = shutil.which(words[0], path=self.environment["PATH"]) or words[0]
        typed = " ".join([*(f"{k}={shlex.quote(str(v))}" for k, v in environment.items() if k.isupper()),
                          os.path.basename(words[0]), *map(shlex.quote, words[1:])])
        self.say(f"$ {typed}")
        try:
            done = subprocess.run(
                words, input=input, text=True, errors="replace", cwd=cwd or self.home, timeout=patience,
                stdin=subprocess.DEVNULL if input is None else None, capture_output=True,
                env=self.environment | {k: str(v) for k, v in environment.items()},
            )
        except FileNotFoundError:
            raise Failed(f"{words[0]} is missing") from None
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{typed} did not end in {patience} s:\n{_text(late.stdout)}{_text(late.stderr)}") from None
        if shows:
            text = (done.stdout + done.stderr).rstrip()
            lines = text.splitlines()
            # What went wrong is at the end.
            if len(lines) > 12:
                self.say(f"  … {len(lines) - 12} lines before")
            for line in lines[-12:]:
                self.say(f"  {line[:240]}")
        if done.returncode != 0:
            self.say(f"  exit status {done.returncode}")
        return Result(done.returncode, done.stdout, done.stderr)

    def succeed(self, *command: object, **options) -> Result:
        result = self.run(*command, **options)
        check(result.status == 0, f"{_name(command)} failed with {result.status}:\n{result.text[-2000:]}")
        return result

    def fail(self, *command: object, **options) -> Result:
        result = self.run(*command, **options)
        check(result.status != 0, f"{_name(command)} succeeded, and must not:\n{result.text[-2000:]}")
        return result

    def start(self, *command: object, input: bool = False, **environment: object) -> "Background":
        """Starts a process that ends with the trial, its output in a file."""
        self._processes += 1
        words = [str(word) for word in command]
        log = self.home / f"{self._processes}-{pathlib.Path(words[0]).name}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                words, stdin=subprocess.PIPE if input else subprocess.DEVNULL, stdout=output, stderr=output,
                env=self.environment | {k: str(v) for k, v in environment.items()}, cwd=self.home,
            )
        background = Background(process, log)
        self.backgrounds.append(background)
        self._stack.callback(background.end)
        return background

    def show_logs(self) -> None:
        """Prints the end of each server's log, for a trial that failed."""
        for background in self.backgrounds:
            if lines := background.output().splitlines()[-15:]:
                self.say(f"   the log of {background.name}:")
                for line in lines:
                    self.say(f"   {line[:300]}")

    def on_exit(self, action) -> None:
        self._stack.callback(action)

    # Other programs

    def which(self, name: str) -> str | None:
        return shutil.which(name, path=self.environment["PATH"])

    def python(self, tool: str) -> str:
        """The Python that has the packages of requirements/TOOL.txt."""
        return str(self.cache / "python" / tool / "bin/python")

    def client(self, name: str) -> str:
        return str(pathlib.Path(__file__).parent / "clients" / name)

    def unpacked(self, package: str) -> pathlib.Path:
        """A Debian package's files, unpacked because it cannot be installed beside another that has the same file."""
        return self.cache / "unpacked" / package

    def nginx(self, servers: str) -> "Background":
        """An nginx of our own with these `server` blocks, and our certificate."""
        _, certificate, key = self.certificate()
        self._processes += 1
        directory = self.home / f"nginx-{self._processes}"
        directory.mkdir(0o755)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        (directory / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {directory}/pid;\nerror_log stderr warn;\n"
            "events { worker_connections 256; }\nhttp {\naccess_log off;\n"
            f"ssl_certificate {certificate};\nssl_certificate_key {key};\n"
            + "".join(f"{kind}_temp_path {directory}/{kind};\n" for kind in kinds) + servers + "\n}\n")
        return self.start("/usr/sbin/nginx", "-e", "stderr", "-c", directory / "nginx.conf")

    # The issuer and the agent

    def _start_issuer(self) -> None:
        issuer = self.start(self.bin / "demo-issuer", "--auto-approve", input=True)
        self.issuer = wait_for("the issuer", lambda: issuer.first_match(r"^(http\S+)\n"))

    def _start_agent(self) -> None:
        self.agent = self.start(self.bin / "authagentd")

        def is_serving() -> bool:
            check(self.agent.is_running, f"the agent has ended:\n{self.agent.output()}")
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(str(self.socket)) == 0

        wait_for("the agent", is_serving)

    def authagent(self, *arguments: object, **options) -> Result:
        return self.succeed("authagent", *arguments, **options)

    def login(self, account: str = "work", *options: object, scopes: str = "openid profile", **keys: object) -> None:
        """Logs in without a prompt, and adds further keys to the account's file."""
        words = ["login", account, "--issuer", self.issuer, "--client-id", "tv", "--store", "memory", *options]
        for scope in scopes.split():
            words += ["--scope", scope]
        self.authagent(*words, shows=False)
        self.set_keys(account, **keys)

    def set_keys(self, account: str, **keys: object) -> None:
        if not keys:
            return
        file = self.home / f"config/authagent/accounts/{account}.toml"
        lines = [line for line in file.read_text().splitlines() if line.split(" =")[0] not in keys]
        # Keys go before the first table, and JSON's text and lists are TOML's too.
        end = next((i for i, line in enumerate(lines) if line.startswith("[")), len(lines))
        lines[end:end] = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        file.write_text("\n".join(lines) + "\n")
        self.authagent("reload", shows=False)

    def token(self, account: str = "work", *options: object) -> str:
        token = self.succeed("authagent", "token", account, *options, shows=False).output.strip()
        self.hide(token)
        return token

    def sink(self, name: str, what: str, account: str = "work") -> pathlib.Path:
        """Adds a sink, and waits for its file."""
        path = self.home / "run/authagent/sink" / name
        self.authagent("sink", "add", account, "--path", path, "--what", what)
        wait_for(f"the sink's file {path}", path.exists)
        return path

    def setup(self, tool: str, *options: object, account: str = "work") -> Result:
        """Writes the tool's configuration as 'authagent setup' does."""
        return self.authagent("setup", tool, "--account", account, *options, "--write")

    def keyring_shim(self) -> pathlib.Path:
        """The directory with the program `keyring`, as it is installed outside PATH."""
        directory = self.home / "shim"
        directory.mkdir(exist_ok=True)
        (directory / "keyring").symlink_to(self.bin / "authagent")
        return directory

    # Certificates

    def certificate(self) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        """The files of an authority, and of a certificate for loopback with its key."""
        directory = self.home / "tls"
        if not directory.exists():
            directory.mkdir(0o700)
            certificates.make(directory)
        return directory / "ca.pem", directory / "server.pem", directory / "server.key"

    def certificate_directory(self) -> pathlib.Path:
        """The authority's certificate alone in a directory, as containers' tools want it."""
        directory = self.home / "authorities"
        if not directory.exists():
            directory.mkdir(0o700)
            shutil.copy(self.certificate()[0], directory / "ca.crt")
        return directory


@contextlib.contextmanager
def _directory():
    path = tempfile.mkdtemp(prefix="authagent-try.", dir="/tmp")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _name(command: tuple) -> str:
    return os.path.basename(str(command[0]))


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""

"""git over HTTP: `git http-backend` behind a server that wants a token, as the password or as a bearer token."""

import os
import re
import subprocess

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import Failed, check, wait_for


class GitServer(Handler):
    """Runs `git http-backend` as a CGI program (RFC 3875) for requests with a token and the user `oauth2`."""

    def respond(self) -> None:
        scheme, user, token = self.credential()
        if not (scheme == "bearer" or scheme == "basic" and user == "oauth2") or not self.gate.accepts(token):
            return self.send(401, "a token is needed\n", WWW_Authenticate='Basic realm="git"')
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.server.root), "REQUEST_METHOD": self.command,
            "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_USER": "ann", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(self.data)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=self.data, capture_output=True, env=environment, timeout=60)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200 OK").split()[0])
        kind = headers.pop("Content-Type", "text/plain")
        self.send(status, body, content_type=kind)


def run(lab: Lab) -> None:
    root = lab.home / "repositories"
    root.mkdir()
    lab.environment |= {
        "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.com", "GIT_CONFIG_NOSYSTEM": "1",
        # A prompt would leave a mark.
        "GIT_ASKPASS": str(_prompt(lab)), "GIT_TERMINAL_PROMPT": "0",
    }
    lab.succeed("git", "init", "--quiet", "--bare", "-b", "main", root / "team/app.git", shows=False)
    lab.succeed("git", "-C", root / "team/app.git", "config", "http.receivepack", "true", shows=False)
    gate = Gate(lab)
    server = Server(lab, GitServer, gate, root=root)
    url = f"{server.url}/team/app.git"
    version = lab.succeed("git", "--version").output

    lab.step("without a helper git is refused")
    lab.fail("git", "clone", url, "clone0")
    must_show_refusal(server, "a clone without a credential")
    server.show_requests()

    lab.step("set-up: 'authagent setup git', after a helper that writes to disk")
    lab.login(urls=[f"{server.url}/team/"], git_username="oauth2")
    lab.succeed("git", "config", "--global", "credential.helper", "store")
    before = (lab.home / ".gitconfig").read_text()
    lab.setup("git")

    lab.step("clone and push")
    lab.succeed("git", "clone", url, "clone")
    (lab.home / "clone/file").write_bytes(os.urandom(3 << 20))
    lab.succeed("git", "add", "file", cwd=lab.home / "clone")
    lab.succeed("git", "commit", "--quiet", "-m", "first", cwd=lab.home / "clone")
    lab.succeed("git", "push", "origin", "HEAD:main", cwd=lab.home / "clone")
    pushed = lab.succeed("git", "-C", root / "team/app.git", "rev-parse", "main").output
    check(pushed == lab.succeed("git", "rev-parse", "HEAD", cwd=lab.home / "clone").output, "the push did not arrive")
    server.show_requests()
    _must_be_secret(lab)

    lab.step("beside 'store', which git gives each password that was accepted")
    for names in (("store", "authagent"), ("authagent", "store")):
        helpers = [word for name in ("", *names) for word in ("-c", f"credential.{server.url}/team/.helper={name}")]
        lab.succeed("git", *helpers, "ls-remote", url, shows=False)
        stored = lab.home / ".git-credentials"
        # After the last helper's turn ours takes the token out again.
        wait_for("the end of the token on the disk", lambda: not stored.exists() or stored.stat().st_size == 0)
        lab.say(f"  {' and '.join(names)}: the token is not on the disk")
    server.requests.clear()

    lab.step("a 401 for our token: git erases it, and the next command has another token")
    old = gate.accepted[-1]
    gate.revoke_current()
    lab.fail("git", "ls-remote", url)
    must_show_refusal(server, "the revoked token")
    server.show_requests()
    lab.succeed("git", "ls-remote", url)
    check(gate.accepted[-1] != old, "git got the rejected token again")
    server.show_requests()

    lab.step("another host, and another path of the same host, get nothing")
    for other in (f"{server.url}/other/app.git", f"http://localhost:{server.port}/team/app.git"):
        count = len(gate.accepted)
        lab.fail("git", "ls-remote", other)
        check(len(gate.accepted) == count, f"{other} got the token")
    server.show_requests()

    lab.step("a login is needed: git stops, and asks nothing")
    lab.authagent("logout", "work", "--local")
    _marks(lab).unlink(missing_ok=True)
    result = lab.fail("git", "ls-remote", url, GIT_TERMINAL_PROMPT="1")
    check("authagent login work" in result.errors, "git does not show what to do")
    check(not _marks(lab).exists(), "git asked for a password")

    lab.step("the set-up is taken out again")
    lab.authagent("setup", "git", "--account", "work", "--undo", "--write")
    check((lab.home / ".gitconfig").read_text() == before, "something of the set-up is left")

    lab.step("the fields since git 2.40 and 2.46")
    modern = tuple(map(int, re.search(r"(\d+)\.(\d+)", version).groups())) >= (2, 46)
    lab.say(f"  this git {'sends them' if modern else 'does not know them: the tests of the helper have transcripts'}")


def _prompt(lab: Lab):
    script = lab.home / "bin/prompt"
    script.write_text(f"#!/bin/sh\ntouch '{_marks(lab)}'\n")
    script.chmod(0o755)
    return script


def _marks(lab: Lab):
    return lab.home / "prompted"


def _must_be_secret(lab: Lab) -> None:
    """No file of git's may have the token: it comes from the agent each time."""
    for directory, _, names in os.walk(lab.home):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.isfile(path) or os.path.islink(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            for token in lab.secrets:
                if token.encode() in data:
                    raise Failed(f"{path} holds the token")

"""pip and uv with a private index, by the `keyring` shim."""

import io
import os
import zipfile

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check

WHEEL = "payments-1.0-py3-none-any.whl"


class Index(Handler):
    """A simple repository API (PEP 503)."""

    def respond(self) -> None:
        scheme, _, token = self.credential()
        if scheme != "basic" or not self.gate.accepts(token):
            return self.send(401, "a token is needed\n", WWW_Authenticate='Basic realm="packages"')
        if self.url_path == "/team/simple/payments/":
            return self.send(200, f'<!DOCTYPE html><html><body><a href="../../files/{WHEEL}">{WHEEL}</a></body></html>',
                             content_type="text/html")
        if self.url_path == f"/team/files/{WHEEL}":
            return self.send(200, _wheel(), content_type="application/octet-stream")
        self.send(404, "not here\n")


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, Index, gate)
    lab.login(urls=[f"{server.url}/team/"], git_username="oauth2")
    shim = lab.keyring_shim()
    python = lab.python("python")
    tools = os.path.dirname(python)
    index = f"{server.url}/team/simple/"
    # The name in the URL is what both need to ask for a password.
    named = index.replace("http://", "http://oauth2@")
    path = f"{shim}:{lab.environment['PATH']}"
    lab.environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PIP_NO_INPUT": "1",
                        "UV_NO_CACHE": "1", "UV_PYTHON_DOWNLOADS": "never"}

    def pip(url: str, target: str) -> tuple:
        return (f"{tools}/pip", "install", "--index-url", url, "--target", lab.home / target, "payments")

    def uv(url: str, target: str) -> tuple:
        return (f"{tools}/uv", "pip", "install", "--python", python, "--index-url", url, "--target", lab.home / target,
                "payments")

    ways = {"pip": pip, "uv": uv}
    for name, way in ways.items():
        lab.step(f"{name}: without the shim it is refused")
        lab.succeed(f"{tools}/{name}", "--version")
        lab.fail(*way(index, f"{name}-0"))
        must_show_refusal(server, f"{name} without a credential")
        server.show_requests()
        lab.step(f"{name}: with the shim")
        lab.setup(name)
        for number, url in enumerate((named,) if name == "uv" else (index, named)):
            target = f"{name}-{number + 1}"
            lab.succeed(*way(url, target), PATH=path)
            check((lab.home / target / "payments.py").exists(), "the package is not installed")
            server.show_requests()

    lab.step("a token that the index refuses")
    gate.revoke_current()
    for name, way in ways.items():
        lab.fail(*way(named, f"{name}-9"), PATH=path)
        must_show_refusal(server, "the revoked token")
        server.show_requests()

    lab.step("another index gets nothing")
    count = len(gate.accepted)
    for name, way in ways.items():
        lab.fail(*way(named.replace("/team/", "/other/"), f"{name}-8"), PATH=path)
    check(len(gate.accepted) == count, "the other index got the token")

    lab.step("after a logout both go on without a credential, and are refused")
    lab.authagent("logout", "work", "--local", shows=False)
    server.requests.clear()
    for name, way in ways.items():
        lab.fail(*way(named, f"{name}-7"), PATH=path)
        must_show_refusal(server, f"{name} after the logout")
    check(len(gate.accepted) == count, "a token was sent after the logout")


def _wheel() -> bytes:
    archive = io.BytesIO()
    information = "payments-1.0.dist-info"
    files = {
        "payments.py": "NAME = 'payments'\n",
        f"{information}/METADATA": "Metadata-Version: 2.1\nName: payments\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: trial\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{information}/RECORD"
    files[record] = "".join(f"{name},,\n" for name in (*files, record))
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return archive.getvalue()

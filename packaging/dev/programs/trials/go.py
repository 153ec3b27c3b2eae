"""Go's GOAUTH with a private module proxy."""

import io
import os
import zipfile

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check

MODULE, VERSION = "example.com/payments", "v1.0.0"
GO_MOD = f"module {MODULE}\n\ngo 1.24\n"


class Proxy(Handler):
    """A module proxy (the GOPROXY protocol) with one module."""

    def respond(self) -> None:
        scheme, _, token = self.credential()
        if scheme not in ("bearer", "basic") or not self.gate.accepts(token):
            return self.send(401, "a token is needed\n", WWW_Authenticate="Bearer")
        answer = {
            "info": f'{{"Version":"{VERSION}","Time":"2026-01-01T00:00:00Z"}}'.encode(), "mod": GO_MOD.encode(),
            "zip": _archive(),
        }.get(self.url_path.removeprefix(f"/team/{MODULE}/@v/{VERSION}."))
        self.send(200, answer) if answer else self.send(404, "not here\n")


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, Proxy, gate, tls=True)
    lab.login(urls=[f"{server.url}/team/"], git_username="oauth2")
    # A Go of this century, from PyPI.
    go = os.path.join(os.path.dirname(lab.python("python")), "go")
    lab.environment |= {
        "GOPROXY": f"{server.url}/team", "GONOSUMDB": "*", "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local",
        "GOPATH": str(lab.home / "go"), "GOCACHE": str(lab.home / "cache/go"), "GOTELEMETRY": "off",
        "SSL_CERT_FILE": str(lab.certificate()[0]),
        # 'authagent setup go' asks it whether it knows GOAUTH.
        "PATH": f"{os.path.dirname(go)}:{lab.environment['PATH']}",
    }
    download = (go, "mod", "download", "-x", f"{MODULE}@{VERSION}")
    lab.succeed(go, "version")

    lab.step("without GOAUTH it is refused")
    lab.fail(*download, GOAUTH="off")
    must_show_refusal(server, "go without a credential")
    server.show_requests()

    lab.step("with the helper")
    lab.setup("go")
    lab.succeed(*download)
    check((lab.home / f"go/pkg/mod/{MODULE}@{VERSION}/payments.go").exists(), "the module is missing")
    server.show_requests()

    lab.step("a token that the proxy refuses: go runs the helper again with the answer")
    lab.succeed(go, "clean", "-modcache")
    gate.revoke_current()
    result = lab.run(*download)
    must_show_refusal(server, "the revoked token")
    server.show_requests()
    lab.say(f"  go: {'has asked for another token, and goes on' if result.status == 0 else 'is refused'}")

    lab.step("after a logout")
    lab.authagent("logout", "work", "--local", shows=False)
    lab.run(go, "clean", "-modcache", shows=False)
    # Without -x it says nothing of a helper that fails.
    result = lab.fail(*download)
    check("authagent login work" in result.text, "go does not show what to do")


def _archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"{MODULE}@{VERSION}/go.mod", GO_MOD)
        file.writestr(f"{MODULE}@{VERSION}/payments.go", "package payments\n")
    return archive.getvalue()

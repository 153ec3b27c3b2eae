"""Terraform with a private module registry."""

import io
import zipfile

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check


class Registry(Handler):
    """The module registry protocol with one module."""

    def respond(self) -> None:
        if self.url_path == "/.well-known/terraform.json":
            return self.send(200, {"modules.v1": "/v1/modules/"})
        if self.url_path == "/archive.zip":
            return self.send(200, _archive(), content_type="application/zip")
        scheme, _, token = self.credential()
        if scheme != "bearer" or not self.gate.accepts(token):
            return self.send(401, {"errors": ["a token is needed"]})
        if self.url_path == "/v1/modules/team/payments/aws/versions":
            return self.send(200, {"modules": [{"versions": [{"version": "1.0.0"}]}]})
        if self.url_path == "/v1/modules/team/payments/aws/1.0.0/download":
            return self.send(204, X_Terraform_Get=f"{self.server.url}/archive.zip")
        self.send(404, {"errors": ["not here"]})


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, Registry, gate, tls=True)
    host = f"127.0.0.1:{server.port}"
    lab.login(urls=[f"https://{host}/"])
    project = lab.home / "project"
    project.mkdir()
    (project / "main.tf").write_text(
        f'module "payments" {{\n  source  = "{host}/team/payments/aws"\n  version = "1.0.0"\n}}\n')
    lab.environment |= {"SSL_CERT_FILE": str(lab.certificate()[0]), "CHECKPOINT_DISABLE": "1",
                        "TF_REGISTRY_DISCOVERY_RETRY": "0"}
    lab.succeed("terraform", "version")

    lab.step("without a helper it is refused")
    lab.fail("terraform", "get", "-no-color", cwd=project)
    must_show_refusal(server, "terraform without a credential")
    server.show_requests()

    lab.step("with the helper")
    lab.setup("terraform")
    lab.succeed("terraform", "get", "-no-color", cwd=project)
    check(list((project / ".terraform/modules/payments").glob("*.tf")), "the module is missing")
    server.show_requests()

    lab.step("a token that the registry refuses")
    gate.revoke_current()
    lab.fail("terraform", "get", "-update", "-no-color", cwd=project)
    must_show_refusal(server, "the revoked token")
    server.show_requests()

    lab.step("after a logout")
    lab.authagent("logout", "work", "--local", shows=False)
    # It goes on without a credential, and says why in its log only.
    result = lab.fail("terraform", "get", "-update", "-no-color", cwd=project, TF_LOG="warn")
    check("authagent login work" in result.text, "terraform does not show what to do")


def _archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.tf", 'output "name" {\n  value = "payments"\n}\n')
    return archive.getvalue()

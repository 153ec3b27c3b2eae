"""msal's managed identity with `authagent exec --azure`."""

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check

RESOURCE = "https://vault.example.com"


class Vault(Handler):
    def respond(self) -> None:
        scheme, _, token = self.credential()
        if scheme != "bearer" or not self.gate.accepts(token):
            return self.send(401, {"error": {"code": "Unauthorized"}}, WWW_Authenticate="Bearer")
        self.send(200, {"value": "the secret of the vault"})


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, Vault, gate)
    lab.login(scopes=f"openid profile {RESOURCE}/.default")
    client = (lab.python("azure"), lab.client("azure_client.py"), RESOURCE, server.url)


    lab.step("exec --azure")
    result = lab.succeed("authagent", "exec", "work", "--azure", "--", *client)
    check("the secret of the vault" in result.output, "the API did not answer")
    check("without the secret: 40" in result.output, "the endpoint answers without its secret")
    server.show_requests()

    lab.step("a token that the API refuses")
    gate.revoke_current()
    lab.fail("authagent", "exec", "work", "--azure", "--", *client)
    must_show_refusal(server, "the revoked token")
    server.show_requests()

    lab.step("after a logout")
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail("authagent", "exec", "work", "--azure", "--", *client)
    check("authagent login work" in result.text, "there is no word of what to do")

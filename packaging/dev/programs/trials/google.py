"""google-auth's external account: an executable, and a file that a sink keeps."""

import json
import pathlib
import re
import secrets
import urllib.parse

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check

AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/trial"


class TokenService(Handler):
    """Google's token exchange (RFC 8693), and an API that wants the exchanged token."""

    def respond(self) -> None:
        if self.url_path == "/v1/token":
            form = dict(urllib.parse.parse_qsl(self.data.decode()))
            if form.get("audience") != AUDIENCE or not self.gate.accepts_identity(form.get("subject_token", "")):
                return self.send(401, {"error": "invalid_grant", "error_description": "The token is refused."})
            self.server.exchanged = secrets.token_urlsafe(24)
            self.server.lab.hide(self.server.exchanged)
            return self.send(200, {
                "access_token": self.server.exchanged, "token_type": "Bearer", "expires_in": 3600,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
        if self.credential()[2] != self.server.exchanged:
            return self.send(401, {"error": "unauthorized"})
        self.send(200, {"buckets": ["payments"]})


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, TokenService, gate, tls=True, exchanged="none yet")
    lab.login()
    lab.environment |= {"REQUESTS_CA_BUNDLE": str(lab.certificate()[0])}
    client = (lab.python("google"), lab.client("google_client.py"))

    def configuration(name: str, source: dict):
        path = lab.home / f"google-{name}.json"
        path.write_text(json.dumps({
            "type": "external_account", "audience": AUDIENCE, "token_url": f"{server.url}/v1/token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token", "credential_source": source}))
        return path

    lab.step("set-up, and the executable")
    output = lab.setup("google", "--audience", AUDIENCE).output
    written = pathlib.Path(re.search(r"wrote (\S+)", output).group(1))
    settings = json.loads(written.read_text())
    # Google's own is not to be reached here.
    settings["token_url"] = f"{server.url}/v1/token"
    executable = lab.home / "google-executable.json"
    executable.write_text(json.dumps(settings))
    result = lab.succeed(*client, executable, server.url, GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1)
    check("payments" in result.output, "the API did not answer")
    server.show_requests()

    lab.step("the file of a sink")
    sink = lab.sink("google-id-token", what="id_token")
    result = lab.succeed(*client, configuration("file", {"file": str(sink)}), server.url)
    check("payments" in result.output, "the API did not answer")
    server.show_requests()

    lab.step("a wrong token")
    wrong = lab.home / "wrong"
    wrong.write_text("e30.e30.AAAA")
    lab.fail(*client, configuration("wrong", {"file": str(wrong)}), server.url)
    must_show_refusal(server, "a forged ID token")
    server.show_requests()

    lab.step("after a logout: Google's library shows the reason")
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail(*client, executable, server.url, GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1)
    check("authagent login work" in result.text, "the library does not show what to do")
    check(not sink.exists(), "the sink's file is there after the logout")

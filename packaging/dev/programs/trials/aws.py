"""The AWS CLI (Debian's and PyPI's) and boto3 with moto, by Identity Center's portal and by web identity."""

import datetime
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check, wait_for

ACCOUNT, ROLE = "111122223333", "ReadOnly"
# What a signed request needs.
SIGNED = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "Content-Type")
ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


class Portal(Handler):
    """AWS's hosts as the agent sees them. moto, which believes every token, makes the credentials."""

    def respond(self) -> None:
        if self.command == "POST":
            return self._assume_role()
        token = self.headers.get("x-amz-sso_bearer_token", "")
        if self.url_path != "/federation/credentials":
            return self.send(404, {"message": "no such path"})
        if not self.gate.accepts(token):
            return self.send(401, {"message": "Session token not found or invalid"},
                             x_amzn_ErrorType="UnauthorizedException")
        if (self.query.get("account_id"), self.query.get("role_name")) != (ACCOUNT, ROLE):
            return self.send(404, {"message": "No such role"}, x_amzn_ErrorType="ResourceNotFoundException")
        _, text = self._ask_moto({"RoleArn": ARN, "RoleSessionName": "portal", "WebIdentityToken": "x" * 20})
        parts = {name: text.split(f"<{name}>")[1].split("<")[0]
                 for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")}
        self.server.lab.hide(parts["SecretAccessKey"])
        end = datetime.datetime.fromisoformat(parts["Expiration"].replace("Z", "+00:00"))
        self.send(200, {"roleCredentials": {
            "accessKeyId": parts["AccessKeyId"], "secretAccessKey": parts["SecretAccessKey"],
            "sessionToken": parts["SessionToken"], "expiration": int(end.timestamp() * 1000)}})

    def _assume_role(self) -> None:
        form = dict(urllib.parse.parse_qsl(self.data.decode()))
        if form.get("Action") != "AssumeRoleWithWebIdentity":
            status, text = self._ask_moto(form, {name: self.headers[name] for name in SIGNED if name in self.headers})
            return self.send(status, text, content_type="text/xml")
        if not self.gate.accepts_identity(form["WebIdentityToken"]):
            # AWS answers a refused token with 400; the record shows it as 401.
            self.server.requests.append(("POST", "/ the token is refused", "web identity", 401))
            return self.send(400, _error("InvalidIdentityToken"), content_type="text/xml")
        status, text = self._ask_moto(form)
        self.send(status, text, content_type="text/xml")

    def _ask_moto(self, form: dict, headers: dict[str, str] = {}) -> tuple[int, str]:
        body = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"} | form
        request = urllib.request.Request(self.server.moto, urllib.parse.urlencode(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def _error(code: str) -> str:
    return (f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>The token is refused</Message></Error></ErrorResponse>")


def run(lab: Lab) -> None:
    python = lab.python("aws")
    backend = lab.start(python, "-u", lab.client("moto_backend.py"))
    moto = wait_for("moto", lambda: backend.first_match(r"^serving (\S+)"))
    gate = Gate(lab)
    portal = Server(lab, Portal, gate, moto=moto)
    lab.login(sso_portal_url=portal.url, sts_url=portal.url)
    lab.environment |= {"AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
                        "AWS_ENDPOINT_URL": moto, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
    by_portal, by_web = ("--account-id", ACCOUNT, "--role", ROLE), ("--role-arn", ARN)
    clis = ["/usr/bin/aws"]
    if not lab.is_brief:
        clis.append(os.path.join(os.path.dirname(python), "aws"))
    identity = ("sts", "get-caller-identity", "--output", "json")

    for profile, options in {"portal": by_portal, "web": by_web}.items():
        lab.step(f"credential_process, {profile}")
        lab.setup("aws", "--profile", profile, *options)
        for cli in clis:
            lab.say(f"  {lab.succeed(cli, '--version', shows=False).text.strip()}")
            result = lab.succeed(cli, "--endpoint-url", moto, "--profile", profile, *identity)
            check(json.loads(result.output)["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/"),
                  "these are not the role's credentials")
        result = lab.succeed(python, lab.client("boto_client.py"), AWS_PROFILE=profile)
        check(f"assumed-role/{ROLE}/" in result.output, "these are not the role's credentials")
        portal.show_requests()

    lab.step("without a helper: the file of a sink, which AWS's libraries send to its token service")
    sink = lab.sink("aws-id-token", what="id_token")
    result = lab.succeed(python, lab.client("boto_client.py"), AWS_WEB_IDENTITY_TOKEN_FILE=sink, AWS_ROLE_ARN=ARN,
                         AWS_ENDPOINT_URL_STS=portal.url)
    check(f"assumed-role/{ROLE}/" in result.output, "these are not the role's credentials")
    portal.show_requests()

    lab.step("exec --aws: an endpoint on loopback for this child alone")
    for words in (by_portal, by_web):
        result = lab.succeed("authagent", "exec", "work", "--aws", *words, "--", python, lab.client("boto_client.py"),
                             "--probe")
        check(f"assumed-role/{ROLE}/" in result.output, "these are not the role's credentials")
        check("without the secret: 40" in result.output, "the endpoint answers without its secret")
        lab.succeed("authagent", "exec", "work", "--aws", *words, "--", clis[0], "--endpoint-url", moto, *identity)
    portal.show_requests()

    lab.step("a role that is not ours, and a token that AWS refuses")
    lab.setup("aws", "--profile", "wrong", "--account-id", "999999999999", "--role", ROLE)
    result = lab.fail(clis[0], "--endpoint-url", moto, "--profile", "wrong", *identity)
    check("999999999999" in result.text or "role" in result.text.lower(), "the CLI does not show the reason")
    lab.login("other", sso_portal_url=portal.url, sts_url=portal.url)
    portal.requests.clear()
    gate.refuses_all = True
    for words in (by_portal, by_web):
        lab.fail("authagent", "helper", "aws", "other", *words)
        must_show_refusal(portal, "AWS answers without a valid token")
        portal.show_requests()
    gate.refuses_all = False

    lab.step("after a logout there are no credentials, not even those in memory")
    lab.setup("aws", "--profile", "portal", *by_portal)
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail(clis[0], "--endpoint-url", moto, "--profile", "portal", *identity)
    check("authagent login work" in result.text, "the CLI does not show what to do")

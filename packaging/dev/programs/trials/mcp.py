"""The `mcp` package as a protected server, and its client with the headers of `helper mcp`."""

import json
import re
import urllib.parse

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check, wait_for


class Introspection(Handler):
    """What the MCP server asks about a token."""

    def respond(self) -> None:
        token = dict(urllib.parse.parse_qsl(self.data.decode())).get("token", "")
        is_good = self.gate.accepts(token)
        self.server.requests.append(("POST", "/mcp", "bearer", 200 if is_good else 401))
        self.send(200, {"active": is_good})


def run(lab: Lab) -> None:
    gate = Gate(lab)
    introspection = Server(lab, Introspection, gate)
    python = lab.python("mcp")
    server = lab.start(python, "-u", lab.client("mcp_server.py"), lab.issuer, introspection.url)
    url = wait_for("the MCP server", lambda: server.first_match(r"serving (\S+)"))
    lab.login(urls=[url])
    client = (python, lab.client("mcp_client.py"), url)
    printed = lab.authagent("setup", "mcp", "--account", "work").output
    helper = json.loads(re.search(r'"headersHelper": (".*")', printed).group(1))

    lab.step("without a header the server answers 401 and names its metadata (RFC 9728)")
    result = lab.fail(*client)
    check("401" in result.text and "resource_metadata=" in result.text, "the server's challenge is missing")

    lab.step("with the account's name, and by the server's URL")
    for words in (f"{helper} work", helper):
        result = lab.succeed(*client, words)
        check(re.search(r"^hello ann", result.output, re.M), "the tool did not answer")
    introspection.show_requests()

    lab.step("a token that the server refuses")
    gate.revoke_current()
    result = lab.fail(*client, f"{helper} work")
    must_show_refusal(introspection, "the revoked token")
    introspection.show_requests()

    lab.step("after a logout")
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail(*client, f"{helper} work")
    check("authagent login work" in result.text, "there is no word of what to do")

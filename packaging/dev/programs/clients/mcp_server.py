"""A protected MCP server on a free loopback port. usage: mcp_server.py ISSUER INTROSPECTION-URL"""

import asyncio
import json
import socket
import sys
import urllib.parse
import urllib.request

import uvicorn
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

issuer, introspection = sys.argv[1:]


class Verifier(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        def ask() -> bool:
            body = urllib.parse.urlencode({"token": token}).encode()
            with urllib.request.urlopen(introspection, body, timeout=30) as reply:
                return json.load(reply)["active"]

        if not await asyncio.to_thread(ask):
            return None
        return AccessToken(token=token, client_id="tv", scopes=["profile"], subject="ann", resource=url)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
server = MCPServer(
    "trial", token_verifier=Verifier(),
    auth=AuthSettings(issuer_url=issuer, resource_server_url=url, required_scopes=["profile"]),
)


@server.tool()
def greet() -> str:
    """Greets the user."""
    return "hello ann"


print(f"serving {url}", flush=True)
uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning")).run(sockets=[listener])

"""Calls a tool of an MCP server with the headers that a command prints, as Claude Code's headersHelper does.

usage: mcp_client.py URL [COMMAND]
"""

import asyncio
import json
import os
import shlex
import subprocess
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    url, headers = sys.argv[1], {}
    if len(sys.argv) > 2:
        names = {"CLAUDE_CODE_MCP_SERVER_NAME": "trial", "CLAUDE_CODE_MCP_SERVER_URL": url}
        done = subprocess.run(shlex.split(sys.argv[2]), env=os.environ | names, stdout=subprocess.PIPE, timeout=10)
        if done.returncode:
            sys.exit(f"the helper ended with {done.returncode}")
        headers = json.loads(done.stdout)
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        reply = await http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers={
            "Accept": "application/json, text/event-stream"})
        if reply.status_code == 401:
            sys.exit(f"401: {reply.headers.get('www-authenticate')}")
        async with Client(streamable_http_client(url, http_client=http)) as client:
            result = await client.call_tool("greet", {})
            print(result.content[0].text)


asyncio.run(main())

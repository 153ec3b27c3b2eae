"""An authgent-server on loopback for tests: prints its issuer, and runs until it is killed.

usage: authgent-server.py PORT DATABASE

Its clients `service` and `gateway` have the secret `s3cret`. It trusts the authorization grants that it issues itself.
"""

import asyncio
import socket
import sys

import uvicorn
from authgent_server import config, db
from authgent_server.app import create_app
from authgent_server.models.base import Base
from authgent_server.models.oauth_client import OAuthClient
from authgent_server.services.client_service import _hash_secret

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def serve(port: int, database: str) -> None:
    # Bound before the issuer is printed: a connection then waits until the server accepts it.
    listener = socket.create_server(("127.0.0.1", port))
    issuer = f"http://127.0.0.1:{port}"
    settings = config._settings = config.Settings(
        secret_key="of this run", database_url=f"sqlite+aiosqlite:///{database}", host="127.0.0.1", port=port,
        server_url=issuer, trusted_chaining_issuers=[issuer],
        # A test requests more tokens a minute than a guest may.
        token_rate_limit=10_000)
    async with db.get_engine(settings).begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with db.get_session_factory(settings)() as session:
        session.add(client("service", ["client_credentials"]))
        session.add(client("gateway", ["client_credentials", EXCHANGE, JWT_BEARER]))
        await session.commit()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
    print(issuer, flush=True)
    await server.serve(sockets=[listener])


def client(name: str, grant_types: list[str]) -> OAuthClient:
    return OAuthClient(
        client_id=name, client_secret_hash=_hash_secret("s3cret"), client_name=name.capitalize(),
        grant_types=grant_types, scope="read write", redirect_uris=[], allowed_resources=[])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))

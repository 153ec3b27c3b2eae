"""A canaille on loopback for tests, with its data in memory: prints its issuer, and runs until it is killed.

usage: canaille-server.py PORT REDIRECT_URI…
"""

import datetime
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


def main(port: int, redirect_uris: list[str]) -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": "key", "alg": "RS256", "use": "sig"})
    application = create_app(config={
        "SECRET_KEY": "of this run", "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
        # Without the trusted domains, which are those of loopback, the person is asked for consent.
        "CANAILLE_OIDC": {
            "ACTIVE_JWKS": [key.as_dict(private=True)], "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
            "TRUSTED_DOMAINS": []},
    })
    with application.app_context():
        add_person()
        add_client(redirect_uris)
    server = make_server("127.0.0.1", port, application, threaded=True)
    print(f"http://127.0.0.1:{port}", flush=True)
    server.serve_forever()


def add_person() -> None:
    Backend.instance.save(models.User(
        user_name="ann", password="correct horse", formatted_name="Ann Example", given_name="Ann",
        family_name="Example", emails=["ann@example.com"]))


def add_client(redirect_uris: list[str]) -> None:
    client = models.Client(
        client_id="app", client_name="App", client_uri="http://app.example", redirect_uris=redirect_uris,
        client_id_issued_at=datetime.datetime.now(datetime.timezone.utc), token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"], response_types=["code"],
        scope=["openid", "profile", "email"])
    Backend.instance.save(client)
    # The audience of its tokens: a client is not known to itself before it is saved.
    client.audience = [client]
    Backend.instance.save(client)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

"""A canaille on loopback for tests, with its data in memory: prints its issuer, and runs until it is killed.

usage: canaille-server.py PORT KEY_FILE REDIRECT_URI…

It writes its private key to KEY_FILE, because it verifies the assertions of the JWT bearer grant with that key.
"""

import datetime
import os
import sys
import uuid

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


def main(port: int, key_file: str, redirect_uris: list[str]) -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": "key", "alg": "RS256", "use": "sig"})
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.as_pem(private=True))
    application = create_app(config={
        "SECRET_KEY": "of this run", "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
        # Without the trusted domains, which are those of loopback, the person is asked for consent.
        "CANAILLE_OIDC": {
            "ACTIVE_JWKS": [key.as_dict(private=True)], "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
            "TRUSTED_DOMAINS": []},
    })
    with application.app_context():
        add_person("ann")
        add_client("app", redirect_uris, ["authorization_code", "refresh_token"])
        robot = add_client("robot", [], ["urn:ietf:params:oauth:grant-type:jwt-bearer"])
        # Another person has agreed that this client acts for her: in memory, canaille finds a consent by client or by
        # person, and would not ask the first one any more.
        Backend.instance.save(models.Consent(
            consent_id=str(uuid.uuid4()), client=robot, subject=add_person("bea"), scope=robot.scope,
            issue_date=datetime.datetime.now(datetime.timezone.utc)))
    server = make_server("127.0.0.1", port, application, threaded=True)
    print(f"http://127.0.0.1:{port}", flush=True)
    server.serve_forever()


def add_person(name: str) -> models.User:
    person = models.User(
        user_name=name, password="correct horse", formatted_name=f"{name.capitalize()} Example",
        given_name=name.capitalize(), family_name="Example", emails=[f"{name}@example.com"])
    Backend.instance.save(person)
    return person


def add_client(name: str, redirect_uris: list[str], grant_types: list[str]) -> models.Client:
    client = models.Client(
        client_id=name, client_name=name.capitalize(), client_uri=f"http://{name}.example",
        redirect_uris=redirect_uris, client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
        token_endpoint_auth_method="none", grant_types=grant_types, response_types=["code"],
        scope=["openid", "profile", "email"])
    Backend.instance.save(client)
    # The audience of its tokens: a client is not known to itself before it is saved.
    client.audience = [client]
    Backend.instance.save(client)
    return client


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])

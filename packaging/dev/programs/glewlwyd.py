"""A Glewlwyd of our own: Debian's authorization server, with introspection (RFC 7662)."""

import gzip
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from lab import Lab
from processes import Failed, check, free_port, wait_for

DOCUMENTS = pathlib.Path("/usr/share/doc/glewlwyd")
FILES = pathlib.Path("/usr/share/glewlwyd")
SCOPES = ("openid", "g_profile")
CLIENT, SECRET = "mail", "s3cret"


class Glewlwyd:
    """Its user `admin`, whose password is `password`, approves codes of the client `mail`.

    It tells a client about that client's own tokens only, so the agent and the mail server are one client.
    With redirect URIs there is another, `app`, public, for the authorization code grant.
    """

    def __init__(self, lab: Lab, redirect_uris: tuple[str, ...] = ()) -> None:
        self._lab = lab
        self._redirect_uris = redirect_uris
        self._cookie = ""
        self._directory = lab.home / "glewlwyd"
        self._directory.mkdir()
        self._make_database()
        self._copy_pages()
        # The port is configured by number: another process may take a free one before the server does.
        for _ in range(5):
            port = free_port()
            self.base = f"http://localhost:{port}/api"
            server = lab.start("/usr/bin/glewlwyd", "-c", self._configuration(port))
            wait_for("glewlwyd", lambda: not server.is_running or self._answers())
            if server.is_running:
                break
        else:
            raise Failed(f"glewlwyd does not start:\n{server.output()}")
        self.issuer = f"{self.base}/oidc"
        self._sign_in()
        self._add_clients()

    def login(self, account: str) -> None:
        """Logs in as a person does: with the code, in a browser."""
        secret = self._directory / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        words = ["login", account, "--issuer", self.issuer, "--client-id", CLIENT, "--client-secret-file", secret,
                 "--store", "memory", "--json"]
        for scope in SCOPES:
            words += ["--scope", scope]
        process = self._lab.start(self._lab.program("authagent"), *words)
        code = wait_for("the code", lambda: process.first_match(r'"user_code":"([^"]+)"'))
        self._send("PUT", f"/auth/grant/{CLIENT}", {"scope": " ".join(SCOPES)})
        self._send("GET", f"/oidc/device?code={code}&g_continue")
        status = process.process.wait(60)
        check(status == 0, f"the login failed:\n{process.output()}")

    def introspection_url(self) -> str:
        return self.base.replace("http://", f"http://{CLIENT}:{SECRET}@") + "/oidc/introspect"

    def _make_database(self) -> None:
        with gzip.open(DOCUMENTS / "database/init.sqlite3.sql.gz", "rt") as schema:
            database = sqlite3.connect(self._directory / "glewlwyd.db")
            database.executescript(schema.read())
            database.close()

    def _copy_pages(self) -> None:
        # Debian's package has a directory where the pages' configuration belongs, so that they never load.
        pages = self._directory / "pages"
        shutil.copytree(FILES / "webapp", pages, ignore=lambda *_: ["config.json"])
        shutil.copy(FILES / "templates/config.json", pages)

    def _configuration(self, port: int) -> pathlib.Path:
        with gzip.open(DOCUMENTS / "glewlwyd.conf.sample.gz", "rt") as sample:
            text = sample.read()
        for pattern, line in (
            (r"^port=.*", f'port={port}\nbind_address="127.0.0.1"'),
            (r"^external_url=.*", f'external_url="http://localhost:{port}"'),
            (r'^ *path = "/var/cache.*', f'path = "{self._directory}/glewlwyd.db";'),
            (r"^cookie_secure=.*", "cookie_secure=0"),
            (r"^static_files_path=.*", f'static_files_path="{self._directory}/pages/"'),
        ):
            text, count = re.subn(pattern, line, text, flags=re.M)
            check(count, f"glewlwyd's sample configuration has no {pattern}")
        path = self._directory / "glewlwyd.conf"
        path.write_text(text)
        return path

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.base + "/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _sign_in(self) -> None:
        body = json.dumps({"username": "admin", "password": "password"}).encode()
        request = urllib.request.Request(f"{self.base}/auth/", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            self._cookie = reply.headers["Set-Cookie"].split(";")[0]

    def _send(self, method: str, path: str, body: dict | None = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Cookie": self._cookie, "Content-Type": "application/json"}, method=method)
        # A redirection to the page that says the login is complete is an answer.
        try:
            urllib.request.build_opener(_NoRedirection).open(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            if error.code != 302:
                raise Failed(f"glewlwyd refused {method} {path}: {error.code} {error.read().decode()}") from None

    def _add_clients(self) -> None:
        # An RSA signature would make tokens too long for OAUTHBEARER: msmtp sends them in one line with the command,
        # and dovecot's submission server takes no line over a kilobyte.
        key = _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
        self._send("POST", "/mod/plugin/", {
            "module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": True,
            "parameters": {
                "iss": self.issuer, "jwt-type": "ecdsa", "jwt-key-size": "256", "key": key,
                "cert": _openssl("ec", "-pubout", input=key), "code-duration": 600,
                "refresh-token-duration": 1_209_600, "access-token-duration": 3600, "allow-non-oidc": True,
                "auth-type-client-enabled": True,
                "auth-type-code-enabled": True, "auth-type-token-enabled": False, "auth-type-implicit-enabled": False,
                "auth-type-password-enabled": False, "auth-type-refresh-enabled": True,
                "auth-type-device-enabled": True,
                "refresh-token-rolling": True, "refresh-token-one-use": "never", "device-authorization-expiration": 600,
                "device-authorization-interval": 1, "introspection-revocation-allowed": True,
                "introspection-revocation-allow-target-client": True, "jwks-show": True, "scope": [],
                "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required-public-client": True,
                "oauth-as-iss-id": True, "oauth-par-allowed": True, "oauth-par-duration": 90,
                "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
            }})
        # The user may not grant `openid` by default.
        self._send("PUT", "/user/admin", {
            "name": "The Administrator", "email": "admin@example.com", "enabled": True,
            "scope": ["g_admin", "g_profile", "openid"]})
        self._send("POST", "/client/", {
            "client_id": CLIENT, "name": CLIENT, "confidential": True, "password": SECRET, "client_secret": SECRET,
            "enabled": True, "scope": [],
            "authorization_type": ["device_authorization", "refresh_token", "client_credentials"],
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"]})
        if self._redirect_uris:
            self._send("POST", "/client/", {
                "client_id": "app", "name": "App", "confidential": False, "enabled": True, "scope": [],
                "redirect_uri": self._redirect_uris, "authorization_type": ["code", "refresh_token"]})


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _openssl(*words: str, input: str = "") -> str:
    done = subprocess.run(["openssl", *words], input=input, text=True, capture_output=True)
    check(done.returncode == 0, f"openssl: {done.stderr}")
    return done.stdout

"""Servers that want a token: what a resource server checks, and a record of each request."""

import base64
import http.server
import json
import ssl
import threading
import urllib.parse
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from lab import Lab
from processes import check


class Gate:
    """Asks the issuer about access tokens (RFC 7662), and checks the signatures of ID tokens."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._revoked: set[str] = set()
        # Each token that was accepted, in order.
        self.accepted: list[str] = []
        self.refuses_all = lab.refuses

    def revoke_current(self) -> None:
        """The last accepted token is refused from now on, as after a revocation at the resource server."""
        self._revoked.add(self.accepted[-1])

    def accepts(self, token: str) -> bool:
        self._lab.hide(token)
        return self._record(token, bool(token) and self._is_active(token))

    def accepts_identity(self, token: str, audience: str = "tv") -> bool:
        self._lab.hide(token)
        claims = self._claims(token)
        return self._record(token, claims is not None and claims["aud"] == audience)

    def _record(self, token: str, is_good: bool) -> bool:
        if is_good and self._lab.refuses:
            self._lab.refusals += 1
        is_good = is_good and token not in self._revoked and not self.refuses_all
        if is_good:
            self.accepted.append(token)
        return is_good

    def _is_active(self, token: str) -> bool:
        body = urllib.parse.urlencode({"token": token}).encode()
        with urllib.request.urlopen(f"{self._lab.issuer}/introspection", body, timeout=30) as reply:
            return json.load(reply)["active"] is True

    def _claims(self, token: str) -> dict | None:
        try:
            signed, signature = token.rsplit(".", 1)
            header, payload = (json.loads(_decoded(part)) for part in signed.split("."))
            with urllib.request.urlopen(f"{self._lab.issuer}/keys", timeout=30) as reply:
                key = next(key for key in json.load(reply)["keys"] if key["kid"] == header["kid"])
            point = (int.from_bytes(_decoded(key[axis]), "big") for axis in ("x", "y"))
            raw = _decoded(signature)
            pair = utils.encode_dss_signature(*(int.from_bytes(raw[i:i + 32], "big") for i in (0, 32)))
            ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key().verify(
                pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
        except (ValueError, KeyError, StopIteration, InvalidSignature):
            return None
        return payload if payload["iss"] == self._lab.issuer else None


class Handler(http.server.BaseHTTPRequestHandler):
    """One request. A subclass answers in `respond`."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def respond(self) -> None:
        raise NotImplementedError

    @property
    def gate(self) -> Gate:
        return self.server.gate

    @property
    def url_path(self) -> str:
        return urllib.parse.urlsplit(self.path).path

    @property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))

    def credential(self) -> tuple[str, str, str]:
        """Scheme in lower case, user and token of the request."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return scheme.lower(), "", value
        user, _, secret = base64.b64decode(value).decode(errors="replace").partition(":")
        return "basic", user, secret

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def send(self, status: int, body: bytes | str | dict | list = b"", **headers: str) -> None:
        kind = "application/json" if isinstance(body, (dict, list)) else "text/plain"
        if kind == "application/json":
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", headers.pop("content_type", kind))
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _answer(self) -> None:
        # Unread bytes of a body would be taken for the next request.
        self.data = self.body()
        self.respond()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_request(self, code="-", size="-") -> None:
        scheme = self.credential()[0] or "no credential"
        self.server.requests.append((self.command, self.path, scheme, int(code)))

    def log_message(self, *_) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """A server on a free loopback port, which ends with the trial."""

    daemon_threads = True

    def __init__(self, lab: Lab, handler: type[Handler], gate: Gate | None = None, tls: bool = False, **values) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.lab = lab
        self.gate = gate or Gate(lab)
        # (method, path, scheme, status)
        self.requests: list[tuple[str, str, str, int]] = []
        for name, value in values.items():
            setattr(self, name, value)
        if tls:
            _, certificate, key = lab.certificate()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        lab.on_exit(self._end)

    def _end(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address) -> None:
        # A client that closes its connection early is not the server's fault.
        pass

    def show_requests(self) -> None:
        """Prints each request since the last call, and forgets it."""
        seen, self.requests = self.requests, []
        for method, path, scheme, status in seen:
            self.lab.say(f"  server: {method} {path.split('?')[0]} ({scheme}) {status}")

    def statuses(self) -> list[int]:
        return [status for _, _, _, status in self.requests]


def must_show_refusal(server: Server, what: str) -> None:
    """A wrong token must reach the server, and be refused there."""
    check(401 in server.statuses() or 403 in server.statuses(), f"the server refused nothing: {what}")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""skopeo (and docker, if it is here) with Debian's docker-registry behind an nginx that wants a token."""

import hashlib
import io
import json
import tarfile

from gate import Gate, Handler, Server
from lab import Lab
from processes import Failed, check, free_port, serves


class Authority(Handler):
    """nginx asks it about each request (auth_request)."""

    def respond(self) -> None:
        scheme, user, token = self.credential()
        is_good = scheme == "basic" and user == "robot" and self.gate.accepts(token)
        self.send(204 if is_good else 401, WWW_Authenticate='Basic realm="registry"')


def run(lab: Lab) -> None:
    gate = Gate(lab)
    authority = Server(lab, Authority, gate)
    registry = _registry(lab, authority)
    lab.login(urls=[f"https://{registry}/"], registry_username="robot")
    image = _image(lab)
    tls = lab.certificate_directory()
    empty = lab.home / "no-helpers.json"
    empty.write_text("{}")

    lab.step("without a helper skopeo is refused")
    lab.fail("skopeo", "inspect", "--authfile", empty, "--cert-dir", tls, f"docker://{registry}/team/app:1")
    check(401 in authority.statuses(), "the registry refused nothing")
    authority.show_requests()

    lab.step("set-up, push and inspect")
    lab.setup("docker")
    lab.succeed("skopeo", "--insecure-policy", "copy", "--dest-cert-dir", tls, f"oci:{image}:1",
                f"docker://{registry}/team/app:1")
    lab.succeed("skopeo", "inspect", "--cert-dir", tls, f"docker://{registry}/team/app:1")
    authority.show_requests()

    lab.step("a wrong token is refused, and erase asks for another")
    old = gate.accepted[-1]
    gate.revoke_current()
    lab.fail("skopeo", "inspect", "--cert-dir", tls, f"docker://{registry}/team/app:1")
    check(401 in authority.statuses(), "the registry refused nothing")
    authority.show_requests()
    lab.succeed("docker-credential-authagent", "erase", input=f"https://{registry}")
    lab.succeed("skopeo", "inspect", "--cert-dir", tls, f"docker://{registry}/team/app:1", shows=False)
    check(gate.accepted[-1] != old, "skopeo got the rejected token again")

    lab.step("list, version, and a registry without an account")
    listed = json.loads(lab.succeed("docker-credential-authagent", "list", input="unused").output)
    check("robot" in listed.values(), f"list does not name the account: {listed}")
    lab.succeed("docker-credential-authagent", "version")
    nothing = lab.fail("docker-credential-authagent", "get", input="https://registry.example.com")
    check(nothing.output.strip() == "credentials not found in native keychain", "docker would take this for a failure")

    if lab.which("docker"):
        lab.step("docker's own client")
        lab.succeed("docker", "--version")
        lab.succeed("docker", "manifest", "inspect", "--insecure", f"{registry}/team/app:1")
        authority.show_requests()

    lab.step("after a logout the registry is asked without a credential, or the reason is shown")
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail("skopeo", "inspect", "--cert-dir", tls, f"docker://{registry}/team/app:1")
    check("authagent login work" in result.text, "skopeo does not show what to do")


def _registry(lab: Lab, authority: Server) -> str:
    """Starts docker-registry and nginx; returns the registry's name."""
    for _ in range(5):
        inner, outer = free_port(), free_port()
        configuration = lab.home / "registry.yml"
        configuration.write_text(
            "version: 0.1\nlog: {level: warn}\nstorage:\n"
            f"  filesystem: {{rootdirectory: {lab.home}/registry}}\n"
            f"http: {{addr: '127.0.0.1:{inner}', relativeurls: true}}\n")
        registry = lab.start("/usr/bin/docker-registry", "serve", configuration)
        nginx = lab.nginx(f"""
            server {{
                listen 127.0.0.1:{outer} ssl;
                client_max_body_size 0;
                location / {{
                    auth_request /_token;
                    proxy_pass http://127.0.0.1:{inner};
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-Proto https;
                    proxy_set_header Authorization "";
                    add_header Docker-Distribution-Api-Version registry/2.0 always;
                }}
                location = /_token {{
                    internal;
                    proxy_pass {authority.url};
                    proxy_pass_request_body off;
                    proxy_set_header Content-Length "";
                }}
            }}""")
        if serves(registry, inner) and serves(nginx, outer):
            return f"127.0.0.1:{outer}"
        registry.end()
        nginx.end()
    raise Failed("docker-registry and nginx do not start")


def _image(lab: Lab):
    """An OCI image with one file."""
    image = lab.home / "image"
    (image / "blobs/sha256").mkdir(parents=True)

    def blob(data: bytes, kind: str) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        (image / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("hello")
        member.size = 6
        tar.addfile(member, io.BytesIO(b"hello\n"))
    layer = archive.getvalue()
    prefix = "application/vnd.oci.image"
    config = {"architecture": "amd64", "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}}
    manifest = blob(json.dumps({
        "schemaVersion": 2, "mediaType": f"{prefix}.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), f"{prefix}.config.v1+json"),
        "layers": [blob(layer, f"{prefix}.layer.v1.tar")],
    }).encode(), f"{prefix}.manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    (image / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (image / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    return image

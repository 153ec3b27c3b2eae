"""kubectl's and the Python client's exec plugin, with a scripted API server over TLS."""

import json
import os
import re
import subprocess

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import check

DEBIAN = "usr/bin/kubectl"


class APIServer(Handler):
    """As much of the Kubernetes API as `kubectl get namespaces` needs."""

    def respond(self) -> None:
        scheme, _, token = self.credential()
        accepts = self.gate.accepts_identity if self.server.wants_identity else self.gate.accepts
        if scheme != "bearer" or not accepts(token):
            return self.send(401, _status("Unauthorized", 401))
        answer = ANSWERS.get(self.url_path)
        self.send(200, answer) if answer else self.send(404, _status("NotFound", 404))


def _status(reason: str, code: int) -> dict:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": reason,
            "reason": reason, "code": code}


ANSWERS = {
    "/version": {"major": "1", "minor": "30", "gitVersion": "v1.30.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"],
             "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "namespaces", "singularName": "", "namespaced": False, "kind": "Namespace", "verbs": ["get", "list"],
         "shortNames": ["ns"]}]},
    "/api/v1/namespaces": {"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [
        {"metadata": {"name": "payments", "uid": "1", "creationTimestamp": "2026-01-01T00:00:00Z"},
         "status": {"phase": "Active"}}]},
}


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, APIServer, gate, tls=True, wants_identity=False)
    for kubectl, version in _programs(lab):
        # A token is renewed once a minute at most, and each program has one refused.
        lab.login(urls=[f"{server.url}/"])
        lab.step(f"{kubectl}, {version}: the account by its name, by the cluster's settings, by the server's URL")
        for name, arguments, settings in (
            ("name", ["work"], None), ("settings", [], {"account": "work"}), ("url", [], None),
        ):
            config = _config(lab, server, version, name, arguments, settings)
            result = lab.succeed(kubectl, "--kubeconfig", config, "get", "namespaces", "--cache-dir", lab.home / "kube")
            check("payments" in result.output, "the namespace is missing")
        server.show_requests()

        _use_setup(lab, server, kubectl)

        lab.step("the ID token, where the API server wants that one")
        server.wants_identity = True
        config = _config(lab, server, version, "identity", ["work", "--id-token"], None)
        lab.succeed(kubectl, "--kubeconfig", config, "get", "--raw", "/api/v1/namespaces", shows=False)
        server.wants_identity = False
        server.show_requests()

        lab.step("a token that the server refuses")
        old = gate.accepted[-1]
        config = _config(lab, server, version, "name", ["work"], None)
        lab.succeed(kubectl, "--kubeconfig", config, "get", "--raw", "/version", shows=False)
        server.requests.clear()
        gate.revoke_current()
        # It runs the helper again, which takes that for a refusal: the requests after the first have another token.
        # A kubectl that replaces itself with another version (Google's) has asked before, with the same process id.
        command = (kubectl, "--kubeconfig", config, "get", "namespaces", "--cache-dir", lab.home / f"kube-{version}")
        works = lab.run(*command).status == 0
        check(works or version == "v1", "kubectl does not get another token")
        must_show_refusal(server, "the revoked token")
        server.show_requests()
        check(not works or gate.accepted[-1] != old, "the server took the revoked token")
        lab.login(urls=[f"{server.url}/"])
        lab.succeed(kubectl, "--kubeconfig", config, "get", "--raw", "/version", shows=False)

        lab.step("an account that is not there: kubectl shows the reason, and sends nothing")
        config = _config(lab, server, version, "missing", ["missing"], None)
        server.requests.clear()
        result = lab.fail(kubectl, "--kubeconfig", config, "get", "--raw", "/version")
        check("missing" in result.errors, "kubectl does not show the reason")
        check(not gate.accepted or 200 not in server.statuses(), "a request was answered")

    lab.step("the Python client")
    python = lab.python("kubectl")
    for version in ("v1beta1", "v1"):
        config = _config(lab, server, version, "url", [], None)
        result = lab.succeed(python, lab.client("kubernetes_client.py"), config)
        check("payments" in result.output, "the namespace is missing")
    server.show_requests()
    lab.authagent("logout", "work", "--local", shows=False)
    result = lab.fail(python, lab.client("kubernetes_client.py"), config)
    must_show_refusal(server, "the Python client goes on without a token")
    check("authagent login work" in result.text, "the Python client does not show what to do")


def _use_setup(lab: Lab, server: Server, kubectl: str) -> None:
    """Uses what 'authagent setup kubectl' writes for this kubectl, and again after kubectl has rewritten the file."""
    lab.step("what 'authagent setup kubectl' writes")
    path = f"{os.path.dirname(kubectl)}:{lab.environment['PATH']}"
    lab.authagent("setup", "kubectl", "--account", "work", "--write", PATH=path)
    for words in (
        ("set-cluster", "trial", "--server", server.url, "--certificate-authority", lab.certificate()[0]),
        ("set-context", "trial", "--cluster", "trial", "--user", "authagent-work"), ("use-context", "trial"),
    ):
        lab.succeed(kubectl, "config", *words, shows=False)
    for _ in range(2):
        result = lab.succeed(kubectl, "get", "namespaces", "--cache-dir", lab.home / "kube")
        check("payments" in result.output, "the namespace is missing")
        lab.authagent("setup", "kubectl", "--account", "work", "--write", PATH=path)
    server.show_requests()


def _programs(lab: Lab) -> list[tuple[str, str]]:
    """Debian's kubectl, which knows v1beta1 only, and the newer one of this machine if there is one."""
    debian = lab.unpacked("kubernetes-client") / DEBIAN
    found = [(str(debian), "v1beta1")]
    other = lab.which("kubectl")
    if other and not os.path.samefile(other, debian):
        text = subprocess.run([other, "version", "--client"], capture_output=True, text=True).stdout
        minor = re.search(r"v1\.(\d+)", text)
        if minor and int(minor.group(1)) >= 22:
            found.append((other, "v1"))
    return found


def _config(lab: Lab, server: Server, version: str, name: str, arguments: list[str], settings: dict | None):
    """A kubeconfig. JSON is YAML too."""
    authority = lab.certificate()[0]
    cluster: dict = {"server": server.url, "certificate-authority": str(authority)}
    if settings:
        cluster["extensions"] = [{"name": "client.authentication.k8s.io/exec", "extension": settings}]
    path = lab.home / f"kubeconfig-{name}-{version}"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "trial",
        "clusters": [{"name": "trial", "cluster": cluster}],
        "contexts": [{"name": "trial", "context": {"cluster": "trial", "user": "ann"}}],
        "users": [{"name": "ann", "user": {"exec": {
            "apiVersion": f"client.authentication.k8s.io/{version}", "command": lab.program("authagent"),
            "args": ["helper", "kubectl", *arguments], "interactiveMode": "Never", "provideClusterInfo": True,
        }}}],
    }))
    return path

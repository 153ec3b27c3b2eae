"""Prometheus scrapes a target with a sink's file, and the agent's metrics by packaging/examples/prometheus."""

import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request

from gate import Gate, Handler, Server, must_show_refusal
from lab import Lab
from processes import Failed, check, free_port, wait_for


class Target(Handler):
    def respond(self) -> None:
        scheme, _, token = self.credential()
        if scheme != "bearer" or not self.gate.accepts(token):
            return self.send(401, "a token is needed\n", WWW_Authenticate="Bearer")
        self.send(200, "# TYPE payments_total counter\npayments_total 7\n")


EXAMPLES = pathlib.Path(__file__).parents[3] / "examples/prometheus"


def run(lab: Lab) -> None:
    gate = Gate(lab)
    server = Server(lab, Target, gate)
    lab.login()
    sink = lab.sink("prometheus", what="access_token")
    wrong = lab.home / "wrong-token"
    wrong.write_text("not-a-token-of-this-issuer")
    metrics = _metrics(lab)

    def job(name: str, port: int, file=None) -> dict:
        job = {"job_name": name, "metrics_path": "/metrics", "scrape_interval": "500ms", "scrape_timeout": "500ms",
               "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        if file:
            job["authorization"] = {"credentials_file": str(file)}
        return job

    (lab.home / "prometheus.yml").write_text(json.dumps({"scrape_configs": [
        job("right", server.port, sink), job("wrong", server.port, wrong), job("authagent", metrics)]}))
    prometheus = lab.start(
        "/usr/bin/prometheus", f"--config.file={lab.home}/prometheus.yml", f"--storage.tsdb.path={lab.home}/prometheus",
        "--web.listen-address=127.0.0.1:0")
    port = wait_for("Prometheus", lambda: prometheus.first_match(r'msg="Listening on" address=127\.0\.0\.1:(\d+)'))

    def value(query: str) -> str | None:
        url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                result = json.load(reply)["data"]["result"]
        except OSError:
            return None
        return result[0]["value"][1] if result else None

    lab.step("a target that wants a token")
    wait_for("a scrape with the sink's token", lambda: value('payments_total{job="right"}') == "7")
    lab.say("  payments_total = 7")
    wait_for("a scrape with the wrong token", lambda: value('up{job="wrong"}') == "0")
    must_show_refusal(server, "the wrong token")
    lab.say("  up{job=wrong} = 0")

    lab.step("the file has a new token before the old one ends, and Prometheus takes it without a reload")
    old = gate.accepted[-1]
    lab.authagent("token", "work", "--renew", "--json", shows=False)
    wait_for("a scrape with the new token", lambda: gate.accepted[-1] != old)
    lab.say("  the target got another token")

    lab.step("the agent's own metrics")
    wait_for("a scrape of the agent", lambda: value('up{job="authagent"}') == "1")
    count = 'count({__name__=~"authagent_.*"})'
    lab.say(f"  {wait_for('series of the agent', lambda: value(count))} series of authagent_…")

    for method, path in (("GET", "/v1/accounts/work/token"), ("GET", "/v1/accounts"), ("POST", "/metrics")):
        check(_status(metrics, method, path) in (403, 404), f"nginx passes on {method} {path}")
    lab.say("  nginx passes on nothing else")

    lab.step("after a logout the file is gone, and the scrape fails")
    lab.authagent("logout", "work", "--local", shows=False)
    wait_for("the end of the file", lambda: not sink.exists())
    wait_for("a failed scrape", lambda: value('up{job="right"}') == "0")
    lab.say("  up{job=right} = 0")


def _metrics(lab: Lab) -> int:
    """Starts nginx with the example's file for this agent; returns its port."""
    example = (EXAMPLES / "nginx-authagent.conf").read_text()
    for _ in range(5):
        port = free_port()
        text = example
        places = {"127.0.0.1:9464": f"127.0.0.1:{port}", "/run/authagent/agent.sock": str(lab.socket)}
        for old, new in places.items():
            check(old in text, f"the example has no {old}")
            text = text.replace(old, new)
        nginx = lab.nginx(text)
        if wait_for("nginx", lambda: not nginx.is_running or _status(port, "GET", "/metrics")) == 200:
            return port
    raise Failed(f"nginx does not start:\n{nginx.output()}")


def _status(port: int, method: str, path: str) -> int:
    """The status of a request, or 0 if there is no server."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0

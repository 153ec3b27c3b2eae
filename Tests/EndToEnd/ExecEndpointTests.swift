import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The endpoints of `authagent exec --aws` and `--azure`. The libraries themselves are in packaging/dev/try-programs.
@Suite(.timeLimit(.minutes(5)))
struct ExecEndpointTests {
    /// A login whose file names both services of AWS.
    private func login(_ scopes: [String] = ["openid"]) async throws -> DemoLogin {
        let demo = try await DemoLogin(scopes: scopes)
        try await demo.logIn()
        let file = demo.home.accountFiles + "/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8) + "sts_url = \"\(demo.issuer.issuer)/sts\"\n"
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try #require(try await demo.home.authagent("reload").status == 0)
        return demo
    }

    /// Runs a Python program as the command; its last line must be "good".
    private func run(_ demo: DemoLogin, _ options: [String], _ python: String) async throws -> ChildProcess.Result {
        let common = """
            import http.client, json, os, socket, urllib.parse
            def exchange(url, method="GET", headers={}, body=None):
                url = urllib.parse.urlsplit(url)
                connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
                connection.request(method, url.path + ("?" + url.query if url.query else ""), body, headers)
                reply = connection.getresponse()
                assert reply.getheader("connection") == "close"
                text = reply.read()
                return reply.status, json.loads(text) if text else None
            """
        let result = try await demo.home.authagent(
            ["exec", "work"] + options + ["--", "/usr/bin/python3", "-c", common + "\n" + python + "\nprint('good')"])
        #expect(result.status == 0 && result.lines.last == "good" && result.errors.isEmpty, "\(result)")
        return result
    }

    private static let role = ["--aws", "--role-arn", "arn:aws:iam::123456789012:role/ci"]

    @Test("the container endpoint of AWS gives the role's credentials to the secret, and to nothing else")
    func aws() async throws {
        let demo = try await login()
        _ = try await run(
            demo, Self.role,
            """
            url, secret = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            assert url.startswith("http://127.0.0.1:") and len(secret) == 43
            for _ in range(3):
                status, found = exchange(url, headers={"Authorization": secret, "Accept": "application/json"})
                assert status == 200, found
                assert set(found) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"}, found
                assert found["Token"] == "sts-session-1" and found["Expiration"].endswith("Z")
            def refused(expected, method="GET", target=url, **headers):
                status, found = exchange(target, method, headers)
                assert status == expected and found["Message"], (status, found)
            refused(403)
            refused(403, Authorization="")
            refused(403, Authorization=secret[:-1])
            refused(403, Authorization=secret[:-1] + ("A" if secret[-1] != "A" else "B"))
            refused(403, Authorization="Bearer " + secret)
            refused(403, Authorization=secret, Host="evil.example")
            refused(403, Authorization=secret, Host="evil.example:80")
            refused(403, Authorization=secret, Origin="http://127.0.0.1")
            refused(404, target=url + "/other", Authorization=secret)
            refused(405, "POST", Authorization=secret)
            refused(405, "HEAD".lower(), Authorization=secret)
            assert exchange(url, "GET", {"Authorization": secret}, "body")[0] == 400
            """)
        #expect(demo.issuer.roleRequests.count == 1)
    }

    @Test("variables of other credentials are removed from the command's environment")
    func awsEnvironment() async throws {
        let demo = try await login()
        let home = demo.home
        var environment = home.environment
        for name in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"] { environment[name] = "x" }
        environment["AWS_REGION"] = "eu-west-1"
        let result = try await ChildProcess(
            try home.program("authagent"), ["exec", "work"] + Self.role + ["--", "env"], environment: environment
        ).result()
        let names = Set(result.lines.filter { $0.hasPrefix("AWS_") }.map { $0.prefix { $0 != "=" } })
        #expect(
            names == [
                "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_EC2_METADATA_DISABLED",
            ], "\(result)")
    }

    @Test("with a proxy in the environment, the libraries are told to reach the endpoint without it")
    func proxy() async throws {
        let demo = try await login()
        for (name, others) in [("no_proxy", "a.example"), ("NO_PROXY", "b.example"), ("x", "")] {
            var environment = demo.home.environment
            (environment["HTTP_PROXY"], environment[name]) = ("http://127.0.0.1:9", others)
            let result = try await ChildProcess(
                try demo.home.program("authagent"), ["exec", "work"] + Self.role + ["--", "env"],
                environment: environment
            ).result()
            let expected = others.isEmpty ? "127.0.0.1" : others + ",127.0.0.1"
            let found = result.lines.filter { $0.lowercased().hasPrefix("no_proxy=") }
            #expect(Set(found) == ["no_proxy=" + expected, "NO_PROXY=" + expected], "\(result)")
        }
    }

    @Test("a role that is refused is an error before the command starts, and later one of the protocol")
    func awsErrors() async throws {
        let demo = try await login()
        let refused = try await demo.home.authagent(
            "exec", "work", "--aws", "--role-arn", "arn:aws:iam::123456789012:role/other", "--", "echo", "started")
        #expect(refused.status == 1 && refused.output.isEmpty && refused.errors.contains("AccessDenied"), "\(refused)")
        let portal = try await demo.home.authagent(
            "exec", "work", "--aws", "--account-id", "123456789012", "--role", "R", "--", "echo", "started")
        #expect(portal.status == 1 && portal.errors.contains("sso_portal_url"), "\(portal)")
        _ = try await run(
            demo, Self.role,
            """
            import subprocess
            subprocess.run([\(Self.quoted(try demo.home.program("authagent"))), "logout", "work"], check=True,
                stdout=subprocess.DEVNULL)
            status, found = exchange(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
            assert status == 403 and "no login for 'work'" in found["Message"], (status, found)
            assert "authagent login work" in found["Message"] and found["Code"] == "Status403"
            """)
    }

    private static func quoted(_ text: String) -> String { "'\(text)'" }

    @Test("malformed and slow requests are refused, and hold up no other client")
    func hostile() async throws {
        let demo = try await login()
        _ = try await run(
            demo, Self.role,
            """
            import time
            url, secret = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            place = urllib.parse.urlsplit(url)
            host = f"Host: {place.netloc}\\r\\n"
            def send(text):
                with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
                    connection.sendall(text.encode("latin-1"))
                    reply = b""
                    while part := connection.recv(4096): reply += part
                    return int(reply.split()[1]) if reply else 0
            good = f"GET /credentials HTTP/1.1\\r\\n{host}Authorization: {secret}\\r\\n"
            assert send(good + "\\r\\n") == 200
            for text, status in [
                ("\\r\\n\\r\\n", 400), ("GET\\r\\n\\r\\n", 400), ("GET / HTTP/2\\r\\n\\r\\n", 505), ("\\x16\\x03\\x01\\r\\n\\r\\n", 400),
                (good + "Authorization: x\\r\\n\\r\\n", 400), (good + host + "\\r\\n", 400), (good + " folded: x\\r\\n\\r\\n", 400),
                (good + "a : b\\r\\n\\r\\n", 400), (good + "Content-Length: 1\\r\\n\\r\\nx", 400),
                (good + "Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n", 400), (good + "\\r\\n" + good + "\\r\\n", 400),
                (good + "X: " + "x" * 9000 + "\\r\\n\\r\\n", 431), (good + "X: y\\r\\n" * 70 + "\\r\\n", 431),
                (good.replace("/credentials", "http://127.0.0.1/credentials") + "\\r\\n", 400),
                (good.replace("/credentials", "/credentials?a=1&a=2") + "\\r\\n", 400), (good + "X: \\xe9\\r\\n\\r\\n", 400),
                (good.replace("\\r\\n", "\\n") + "\\n\\n", 408),
            ]:
                assert send(text) == status, (text, send(text))
            # More connections than there are places, none of which sends a request.
            idle = [socket.create_connection((place.hostname, place.port)) for _ in range(100)]
            start = time.time()
            status, _ = exchange(url, headers={"Authorization": secret})
            assert status == 200 and time.time() - start < 4, time.time() - start
            """)
    }

    @Test("the endpoint of Azure gives a token for the resource, whose scope is RESOURCE/.default")
    func azure() async throws {
        let demo = try await login(["openid", "https://vault.example/.default"])
        _ = try await run(
            demo, ["--azure"],
            """
            endpoint, secret = os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"]
            assert "IDENTITY_SERVER_THUMBPRINT" not in os.environ
            def request(query, **headers): return exchange(endpoint + "?" + query, headers=headers)
            good = "api-version=2019-08-01&resource=https%3A%2F%2Fvault.example"
            status, found = request(good, **{"X-IDENTITY-HEADER": secret, "Metadata": "true"})
            assert status == 200, found
            assert set(found) == {"access_token", "expires_on", "resource", "token_type"}, found
            assert found["expires_on"].isdigit() and found["token_type"] == "Bearer"
            assert found["resource"] == "https://vault.example"
            for query, headers, expected in [
                (good, {}, 401), (good, {"X-IDENTITY-HEADER": "x" * 43}, 401), ("api-version=2019-08-01", {"X-IDENTITY-HEADER": secret}, 400),
                ("resource=x", {"X-IDENTITY-HEADER": secret}, 400), (good + "%20x", {"X-IDENTITY-HEADER": secret}, 400),
            ]:
                status, found = request(query, **headers)
                assert status == expected and found["statusCode"] == expected and found["message"], (query, status, found)
            """)
        let scopes = demo.issuer.log.filter { $0.endpoint == .token }.compactMap { $0.form["scope"] }
        #expect(scopes.contains("https://vault.example/.default"), "\(scopes)")
    }
}

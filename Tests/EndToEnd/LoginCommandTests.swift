import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent login` for users and scripts.
@Suite(.timeLimit(.minutes(5)))
struct LoginCommandTests {
    @Test("Ctrl-C cancels the login: exit code 1, and no login is pending")
    func interrupted() async throws {
        let demo = try await DemoLogin()
        let login = try demo.pendingLogin()
        _ = try #require(await demo.home.prompt(of: login))
        login.signal(SIGINT)
        let result = await login.result()
        #expect(result.status == 1)
        #expect(try failure(result.lines.last).code == "cancelled")
        #expect(result.errors.contains("authagent: error: the login was cancelled"))
        let status = try await demo.home.authagent("status", "--json")
        #expect(try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.isEmpty)
    }

    @Test("a lost terminal ends only the client: the same command shows the same code, and the login succeeds")
    func hangUp() async throws {
        let demo = try await DemoLogin()
        let first = try demo.pendingLogin()
        let shown = try #require(await demo.home.prompt(of: first))
        first.signal(SIGHUP)
        #expect(await first.result().status == -SIGHUP)

        let second = try demo.home.client(["login", "work", "--json"])
        let again = try #require(await demo.home.prompt(of: second))
        #expect(again.userCode == shown.userCode)
        let status = try await demo.home.authagent("status", "--json")
        let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
        #expect(report.accounts.map(\.state) == [.loginPending])

        demo.issuer.approve(shown.enteredCode)
        #expect(await second.result().status == 0)
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test("two clients that join one login both get its end")
    func twoWatchers() async throws {
        let demo = try await DemoLogin()
        let (first, second) = (try demo.pendingLogin(), try demo.pendingLogin())
        let shown = try #require(await demo.home.prompt(of: first))
        #expect(await demo.home.prompt(of: second)?.userCode == shown.userCode)
        demo.issuer.approve(shown.enteredCode)
        for client in [first, second] {
            let result = await client.result()
            #expect(result.status == 0)
            #expect(result.lines.last?.contains(#""event":"done""#) == true)
        }
        #expect(demo.issuer.log.count { $0.endpoint == .device } == 1)
    }

    @Test("--json prints the documented members")
    func jsonEvents() async throws {
        let demo = try await DemoLogin()
        let result = try await demo.home.login("work", demo.options + ["--scope", "a", "--scope", "b"]) {
            demo.issuer.approve($0)
        }
        let events = try result.lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        let prompt = try #require(events.first)
        #expect(
            Set(prompt.keys) == [
                "event", "grant", "user_code", "verification_uri", "verification_uri_complete", "expires_in",
                "interval",
            ])
        let done = try #require(events.last)
        #expect(Set(done.keys) == ["event", "account", "scope", "expires_at"])
        #expect(done["event"] as? String == "done")
        #expect(done["scope"] as? String == "a b")
    }

    @Test("the prompt has the issuer, the client, the scopes, the code, the address and the warning")
    func screen() async throws {
        let demo = try await DemoLogin()
        let login = try demo.home.client(["login", "work", "--scope", "mail"] + demo.options)
        let code = await login.line(beginning: "  enter:").split(separator: " ").last.map(String.init) ?? ""
        #expect(demo.issuer.approve(code), "'\(code)' is not a code")
        let result = await login.result()
        #expect(result.status == 0)
        for text in [
            "login 'work' at \(demo.issuer.issuer)", "client: tv", "scopes: mail", "\(demo.issuer.issuer)/device",
            "enter the code only if you started this login yourself", "logged in 'work'",
        ] {
            #expect(result.output.contains(text), "\(text) is missing in \(result.output)")
        }
    }

    @Test("an outage during a login prints one note, its end another, and then the code again")
    func outage() async throws {
        let demo = try await DemoLogin()
        let login = try demo.pendingLogin(json: false)
        let code = await login.line(beginning: "  enter:").split(separator: " ").last.map(String.init) ?? ""
        func polls() -> Int { demo.issuer.log.count { $0.endpoint == .token } }
        demo.issuer.always(.token, .drop)
        let before = polls()
        await eventually("it does not poll on") { polls() >= before + 3 }
        demo.issuer.always(.token, nil)
        let after = polls()
        await eventually("it does not poll again") { polls() >= after + 2 }
        #expect(demo.issuer.approve(code), "'\(code)' is not a code")
        let result = await login.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.components(separatedBy: "; still trying, the code stays valid").count == 2)
        #expect(result.errors.components(separatedBy: "note: the provider answers again").count == 2)
        #expect(result.errors.split(separator: "\n").count == 2, "\(result.errors)")
        #expect(result.lines.count { $0 == "  enter:  \(code)" } == 2, "\(result.output)")
        #expect(result.lines.count { $0.hasPrefix("  open:") } == 2)
    }

    @Test("login without options uses the settings of the account file")
    func repeats() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let file = try String(contentsOfFile: demo.home.accountFiles + "/work.toml", encoding: .utf8)
        #expect(file.contains("issuer = \"\(demo.issuer.issuer)\""))
        #expect(file.contains("store = \"memory\""))
        let again = try await demo.home.login("work") { demo.issuer.approve($0) }
        #expect(again.status == 0)
    }

    @Test("endpoints in options need no discovery, and override it")
    func endpointsByHand() async throws {
        let demo = try await DemoLogin()
        let issuer = demo.issuer.issuer
        demo.issuer.always(.metadata, .reply(status: 404, body: ""))
        let result = try await demo.home.login(
            "work",
            [
                "--client-id", "tv", "--store", "memory", "--device-endpoint", issuer + "/device_authorization",
                "--token-endpoint", issuer + "/token", "--revocation-endpoint", issuer + "/revocation",
            ]
        ) { demo.issuer.approve($0) }
        #expect(result.status == 0, "\(result.output)")
        let logout = try await demo.home.authagent("logout", "work", "--json")
        #expect(logout.output.contains(#""revoked":true"#))
        #expect(demo.issuer.log.allSatisfy { $0.endpoint != .metadata })
    }

    @Test("a confidential client's secret is read from standard input, and sent by Basic first")
    func secretFromInput() async throws {
        let demo = try await DemoLogin()
        let login = try demo.home.client(
            [
                "login", "srv", "--json", "--issuer", demo.issuer.issuer, "--client-id", "server", "--store", "memory",
                "--client-secret-file", "-",
            ], input: "s3cret\n")
        let prompt = try #require(await demo.home.prompt(of: login), "\(login.errorsSoFar)")
        demo.issuer.approve(prompt.enteredCode)
        #expect(await login.result().status == 0)
        #expect(demo.issuer.log.filter { $0.endpoint != .metadata }.allSatisfy { $0.authorization == "basic" })
    }

    private func failure(_ line: String?) throws -> LoginFailure {
        let event = try APIJSON.decode(LoginEvent.self, from: (line ?? "").utf8)
        guard case .failed(let failure) = event else { throw UnexpectedEvent(event: event) }
        return failure
    }
}

struct UnexpectedEvent: Error { let event: LoginEvent }

import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Failed logins: the code in `--json`, the text on standard error, and the exit code.
@Suite(.timeLimit(.minutes(5)))
struct FailedLoginTests {
    @Test("a declined login is access_denied")
    func denied() async throws {
        let demo = try await DemoLogin()
        let result = try await demo.home.login("work", demo.options) { demo.issuer.deny($0) }
        try expect(result, "access_denied", exit: 1)
        // A failed first login leaves no account file.
        #expect(!FileManager.default.fileExists(atPath: demo.home.accountFiles + "/work.toml"))
    }

    @Test("D6: a code that is not approved expires, and no other is requested")
    func expired() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.deviceCodeLifetime = 2
        let demo = try await DemoLogin(configuration)
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "expired_token", exit: 1)
        #expect(demo.issuer.log.count { $0.endpoint == .device } == 1)
    }

    @Test("--timeout ends the login")
    func timeout() async throws {
        let demo = try await DemoLogin()
        let result = try await demo.home.login("work", demo.options + ["--timeout", "1"]) { _ in }
        try expect(result, "timeout", exit: 1)
    }

    @Test("a client that the provider does not know is invalid_client, and the hint names the option")
    func invalidClient() async throws {
        let demo = try await DemoLogin()
        let result = try await demo.home.login(
            "work", ["--issuer", demo.issuer.issuer, "--client-id", "server", "--store", "memory"]
        ) { _ in }
        try expect(result, "invalid_client", exit: 1, hint: "--client-id")
    }

    @Test("a provider without a device authorization endpoint is device_flow_unsupported")
    func unsupported() async throws {
        let demo = try await DemoLogin()
        let issuer = demo.issuer.issuer
        demo.issuer.always(
            .metadata, .reply(status: 200, body: #"{"issuer":"\#(issuer)","token_endpoint":"\#(issuer)/token"}"#))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "device_flow_unsupported", exit: 1, hint: "--device-endpoint")
    }

    @Test("a user code without a device code, as from Facebook, is device_flow_unsupported")
    func facebook() async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(
            .device,
            .reply(
                status: 200,
                body: #"{"code":"92a2b2e3","user_code":"A1NWZ9","verification_uri":"https://f.example/device"}"#))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "device_flow_unsupported", exit: 1, hint: "enable the device authorization grant")
        #expect(!result.output.contains("A1NWZ9"), "a login that cannot be completed shows no code")
        #expect(!demo.issuer.log.contains { $0.endpoint == .token })
    }

    @Test(
        "a server that answers with status codes alone, as Trakt does, ends the login in one poll",
        arguments: [
            (409, "bad_response", "may not support the device grant"), (410, "expired_token", "run the same command"),
            (418, "access_denied", "run the same command"),
        ])
    func trakt(status: Int, code: String, hint: String) async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(.token, .reply(status: status, contentType: "", body: ""))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, code, exit: 1, hint: hint)
        #expect(demo.issuer.log.count { $0.endpoint == .token } == 1)
    }

    @Test("a server that accepts JSON only, as Trakt does, refuses the form, and no code is shown")
    func jsonOnly() async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(.device, .reply(status: 415, contentType: "text/html", body: "<h1>Unsupported</h1>"))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "bad_response", exit: 1, hint: "is it an authorization server?")
        #expect(demo.issuer.log.count { $0.endpoint == .device } == 1)
    }

    @Test("M1: metadata of another issuer is refused before anything else is sent")
    func issuerMismatch() async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(
            .metadata, .reply(status: 200, body: #"{"issuer":"https://other.example","token_endpoint":"https://x/t"}"#))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "issuer_mismatch", exit: 1, hint: "exactly as the provider writes it")
        #expect(demo.issuer.log.allSatisfy { $0.endpoint == .metadata })
    }

    @Test("a server that is not an authorization server is bad_response")
    func notAnIssuer() async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(.metadata, .reply(status: 404, contentType: "text/html", body: "<html>"))
        let result = try await demo.home.login("work", demo.options) { _ in }
        try expect(result, "bad_response", exit: 1, hint: "check the issuer's URL")
    }

    @Test("an issuer that does not answer is provider_unreachable: exit code 6")
    func unreachable() async throws {
        let home = try AgentHome()
        let result = try await home.login(
            "work", ["--issuer", "http://127.0.0.1:1", "--client-id", "tv", "--store", "memory"]
        ) { _ in }
        try expect(result, "provider_unreachable", exit: 6)
    }

    @Test("without a session bus the default store fails the login before a code is shown: exit code 7")
    func noKeyring() async throws {
        let issuer = try await DemoIssuer.start()
        let home = try AgentHome()
        let result = try await home.login("work", ["--issuer", issuer.issuer, "--client-id", "tv"]) { _ in }
        try expect(result, "store_unavailable", exit: 7, hint: "'authagent store init --passphrase'")
        #expect(result.output.contains("no_bus") && result.output.contains("--store sealed"), "\(result.output)")
        #expect(issuer.log.isEmpty)
    }

    @Test("D4: a dropped connection and invalid replies of a proxy during polling do not end the login")
    func dropped() async throws {
        let demo = try await DemoLogin()
        demo.issuer.enqueue(
            .token, .drop, .reply(status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>"))
        let result = try await demo.home.login("work", demo.options) { demo.issuer.approve($0) }
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains(#""event":"retrying""#))
    }

    @Test("S1: a server's texts reach the terminal without control characters")
    func terminalSafe() async throws {
        let demo = try await DemoLogin()
        demo.issuer.always(
            .device,
            .reply(status: 400, body: #"{"error":"access_denied","error_description":"\u001b]0;x\u0007no\r\nway"}"#))
        let login = try demo.pendingLogin(json: false)
        let result = await login.result()
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: error: no way\n"), "\(result.errors)")
    }

    private func expect(
        _ result: ChildProcess.Result, _ code: String, exit: Int32, hint: String = "run ",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(result.status == exit, "\(result.output)\(result.errors)", sourceLocation: location)
        let last = try #require(result.lines.last, "\(result.errors)", sourceLocation: location)
        guard case .failed(let failure) = try APIJSON.decode(LoginEvent.self, from: last.utf8) else {
            Issue.record("\(last) is not a failure", sourceLocation: location)
            return
        }
        #expect(failure.code == code, "\(failure)", sourceLocation: location)
        #expect(failure.hint.contains(hint), "\(failure)", sourceLocation: location)
        let words = "authagent: error: \(failure.detail)\nauthagent: hint: \(failure.hint)\n"
        #expect(result.errors == words, sourceLocation: location)
    }
}

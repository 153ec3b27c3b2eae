import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// No secret in output, logs, files, arguments, environments or core dumps.
@Suite(.timeLimit(.minutes(5)))
struct SecrecyTests {
    @Test(
        "a whole login lifecycle at log level trace leaves no secret anywhere",
        arguments: ["text", "json"])
    func wholeLife(logFormat: String) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUse
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, keyring: try await PrivateKeyring())
        let home = demo.home
        let audit = try home.files.directory("audit") + "/audit.log"
        let daemon = try await home.daemon(
            "--log-level", "trace", "--log-format", logFormat, "--audit-file", audit)
        let secret = try home.files.file("secret", "s3cret\n")
        let options = ["--issuer", demo.issuer.issuer, "--client-id", "server", "--client-secret-file", secret]
        var shown = ""
        let login = try await home.login("work", options) { demo.issuer.approve($0) }
        shown += login.output + login.errors
        #expect(login.status == 0, "\(shown)")
        try await demo.tokenExpires()
        // Servers and proxies that echo the request.
        let spent = try #require(demo.issuer.liveRefreshTokens.first)
        demo.issuer.enqueue(
            .token,
            .reply(status: 503, body: #"{"error":"temporarily_unavailable","error_description":"no: \#(spent)"}"#))
        let refused = try await home.authagent("token", "work")
        #expect(refused.status != 0)
        shown += refused.errors
        let status = try await home.authagent("status", "--json")
        shown += status.output
        let token = try await tokenAfterBackoff(home)
        shown += try await home.authagent("logout", "work", "--json").output
        let inProcess = try ["cmdline", "environ"].map { name in
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: "/proc/\(daemon.pid)/\(name)")), as: UTF8.self)
        }
        daemon.signal(SIGTERM)
        let log = await daemon.result()
        #expect(log.errors.contains("login done"))

        try FileManager.default.removeItem(atPath: secret)
        let files = try home.files.contents()
        #expect(files.contains(#""permission":"token","decision":"allowed","result":"ok""#))
        let deviceCodes = demo.issuer.log.compactMap { $0.form["device_code"] }
        #expect(!deviceCodes.isEmpty && demo.issuer.refreshTokens.count == 2)
        for canary in demo.issuer.refreshTokens + deviceCodes + [token, "s3cret"] {
            for (place, text) in [
                ("output", shown), ("log", log.errors + log.output), ("process", inProcess.joined()), ("files", files),
            ] {
                #expect(!text.contains(canary), "\(place)")
            }
        }
    }

    @Test("neither the daemon nor the client leaves a core dump")
    func noCore() async throws {
        let demo = try await DemoLogin()
        let client = try demo.pendingLogin()
        _ = try #require(await demo.home.prompt(of: client))
        for pid in [client.pid, try #require(demo.home.daemonPID)] {
            let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
            let core = limits.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Max core file size") }
            #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(core ?? "")")
        }
    }

    @Test("the daemon locks its secrets into memory")
    func locked() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let pid = try #require(demo.home.daemonPID)
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let locked = status.split(whereSeparator: \.isNewline).first { $0.hasPrefix("VmLck:") }
        #expect(locked?.contains(" 0 kB") == false, "\(locked ?? "")")
    }

    /// Returns the token after the back-off.
    private func tokenAfterBackoff(_ home: AgentHome) async throws -> String {
        try await eventually("no token after the back-off") { try await home.authagent("token", "work").status == 0 }
        return try #require(try await home.authagent("token", "work").lines.first)
    }
}

extension TemporaryDirectory {
    /// Returns the text of all files.
    fileprivate func contents() throws -> String {
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.compactMap { name in
            guard let data = FileManager.default.contents(atPath: path + "/" + name) else { return nil }
            return String(decoding: data, as: UTF8.self)
        }.joined(separator: "\n")
    }
}

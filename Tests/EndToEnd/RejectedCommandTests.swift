import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent token NAME --rejected` and `--challenge`, for a token that a service has refused.
@Suite(.timeLimit(.minutes(5)))
struct RejectedCommandTests {
    private static let stepUp = #"Bearer error="insufficient_user_authentication", acr_values="phr""#

    private func loggedIn() async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.authentication = DemoIssuer.AuthenticationRules()
        configuration.authentication.levels = ["pwd", "phr"]
        let demo = try await DemoLogin(configuration, scopes: ["openid", "mail"])
        try await demo.logIn()
        return demo
    }

    private func head(_ challenge: String, status: Int = 401) -> String {
        "HTTP/2 \(status) \r\nserver: x\r\nwww-authenticate: \(challenge)\r\n\r\n{\"error\":\"no\"}"
    }

    @Test("an invalid token is renewed, at most once a minute; --challenge does not read standard input")
    func invalid() async throws {
        let demo = try await loggedIn()
        let first = try await demo.home.authagent("token", "work").output
        let renewed = try await demo.home.authagent(
            ["token", "work", "--rejected"], input: head(#"Bearer realm="x", error="invalid_token""#))
        #expect(renewed.status == 0 && renewed.errors.isEmpty, "\(renewed.errors)")
        #expect(renewed.output != first && renewed.lines.count == 1)
        let kept = try demo.home.client(
            ["token", "work", "--challenge", #"Bearer error="invalid_token""#, "--header"], input: nil)
        let result = await kept.result()
        #expect(result.status == 0)
        #expect(result.output == "Authorization: Bearer \(renewed.output)")
        #expect(result.errors.contains("the token was not renewed: "), "\(result.errors)")
        #expect(demo.issuer.refreshCount == 1)
    }

    @Test("if only another login helps: exit code 3 and its command, which gives the token that is printed next")
    func stepUp() async throws {
        let demo = try await loggedIn()
        let base = try await demo.home.authagent("token", "work").output
        let demanded = try await demo.home.authagent(["token", "work", "--rejected"], input: head(Self.stepUp))
        #expect(demanded.status == 3)
        #expect(demanded.output.isEmpty)
        let hint = try #require(demanded.errors.firstMatch(of: /authagent: hint: run '(authagent login work [^']*)'\n/))
        let command = String(hint.output.1)
        #expect(command == "authagent login work --acr phr --elevate")

        let login = try await demo.home.login("work", ["--acr", "phr", "--elevate"]) { demo.issuer.approve($0) }
        #expect(login.status == 0, "\(login.errors)")
        let elevated = try await demo.home.authagent(["token", "work", "--rejected"], input: head(Self.stepUp))
        #expect(elevated.status == 0, "\(elevated.errors)")
        #expect(elevated.output == (try await demo.home.authagent("token", "work", "--acr", "phr").output))
        #expect(elevated.output != base)
        #expect(try await demo.home.authagent("token", "work").output == base)
        let status = try await demo.home.authagent("status", "work")
        #expect(status.output.contains("  elevated login: phr, authenticated "), "\(status.output)")
    }

    @Test("a service cannot widen a token that the command has narrowed: exit code 3, and the command that would")
    func narrowed() async throws {
        let demo = try await loggedIn()
        let scope = #"Bearer error="insufficient_scope", scope="openid mail""#
        #expect(try await demo.home.authagent("token", "work", "--scope", "mail").status == 0)
        let narrow = try await demo.home.authagent(
            ["token", "work", "--scope", "mail", "--rejected"], input: head(scope, status: 403))
        #expect(narrow.status == 3 && narrow.output.isEmpty, "\(narrow.output)")
        #expect(narrow.errors.contains("run 'authagent token work --scope"), "\(narrow.errors)")
        let login = try await demo.home.login("work", ["--acr", "phr", "--elevate"]) { demo.issuer.approve($0) }
        #expect(login.status == 0, "\(login.errors)")
        let other = try await demo.home.authagent(
            ["token", "work", "--scope", "mail", "--rejected"], input: head(Self.stepUp))
        #expect(other.status == 3 && other.output.isEmpty, "\(other.output)")
        #expect(other.errors.contains("run 'authagent token work --acr phr'"), "\(other.errors)")
    }

    @Test("a command with claims is printed whole, quoted for a shell")
    func longCommand() async throws {
        let demo = try await loggedIn()
        let values = (0..<60).map { #""urn:example:a-context-with-a-long-name:\#($0)""# }.joined(separator: ",")
        let claims = #"{"id_token":{"acr":{"essential":true,"values":[\#(values)]}}}"#
        let challenge = #"Bearer error="insufficient_claims", claims="\#(Data(claims.utf8).base64EncodedString())""#
        // The token of an elevated login is not renewed, whatever is demanded.
        let login = try await demo.home.login("work", ["--acr", "phr", "--elevate"]) { demo.issuer.approve($0) }
        #expect(login.status == 0, "\(login.errors)")
        let demanded = try await demo.home.authagent(
            ["token", "work", "--acr", "phr", "--rejected"], input: head(challenge))
        try #require(demanded.status == 3, "\(demanded.status) \(demanded.errors)")
        let line = try #require(demanded.errors.split(separator: "\n").last.map(String.init))
        let command = line.replacing("authagent: hint: run ", with: "")
        #expect(command.utf8.count > 2000)
        // The words as a shell reads them.
        let words = try await ChildProcess.run("/bin/sh", ["-c", "printf '%s\\n' \(command)"]).lines
        #expect(words.prefix(3) == ["authagent", "login", "work"], "\(words.prefix(3))")
        let option = try #require(words.firstIndex(of: "--claims"), "\(words)")
        let sent = try JSONSerialization.jsonObject(with: Data(words[option + 1].utf8)) as? [String: Any]
        #expect(sent?.keys.sorted() == ["id_token"])
    }

    @Test("a response that is not a refusal, or not a response, renews nothing and prints nothing")
    func noRefusal() async throws {
        let demo = try await loggedIn()
        for (input, status) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Int32(1)), ("HTTP/1.1 403 Forbidden\r\n\r\n", 1), ("", 2), ("nonsense\n", 2),
            (head("Bearer \u{1b}[2J"), 2),
        ] {
            let result = try await demo.home.authagent(["token", "work", "--rejected"], input: input)
            #expect(result.status == status && result.output.isEmpty, "\(input)")
            #expect(!result.errors.contains("\u{1b}"))
        }
        #expect(demo.issuer.refreshCount == 0)
        #expect(try await demo.home.authagent("token", "work", "--renew", "--rejected").status == 2)
        #expect(try await demo.home.authagent("token", "work", "--challenge", "").status == 2)
    }

    @Test("what the real curl prints of a redirection and a refusal with a long body is read, and curl sees no error")
    func realCurl() async throws {
        let demo = try await loggedIn()
        let curl = try MissingProgram.require("curl", package: "curl")
        let server = try RefusingServer()
        let first = try await demo.home.authagent("token", "work").output
        let port = await server.port()
        let pipeline =
            "set -o pipefail; '\(curl)' -siL http://127.0.0.1:\(port)/moved | '\(try demo.home.program("authagent"))' token work --rejected"
        let bash = try MissingProgram.require("bash", package: "bash")
        let result = try await ChildProcess.run(bash, ["-c", pipeline], environment: demo.home.environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(!result.output.isEmpty && result.output != first)
    }
}

/// A service that moves a request, and then refuses it with a challenge and a body of some megabytes.
private final class RefusingServer: Sendable {
    private let process: ChildProcess

    init() throws {
        let script = """
            import http.server
            class Service(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    moved = self.path == "/moved"
                    self.send_response(302 if moved else 401)
                    if moved: self.send_header("Location", "/api")
                    else:
                        self.send_header("WWW-Authenticate", 'Basic realm="x"')
                        self.send_header("WWW-Authenticate", 'Bearer error="invalid_token"')
                    self.end_headers()
                    if not moved: self.wfile.write(b"x" * 4000000)
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Service)
            print(server.server_port, flush=True)
            server.serve_forever()
            """
        process = try ChildProcess(
            try MissingProgram.require("python3", package: "python3"), ["-c", script],
            environment: ChildProcess.programEnvironment, input: nil)
    }

    func port() async -> String { await process.line() }
}

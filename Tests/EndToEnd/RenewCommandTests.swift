import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent token NAME --renew`, for a token that a service has refused.
@Suite(.timeLimit(.minutes(5)))
struct RenewCommandTests {
    @Test("--renew prints another token; within a minute the same one with a note; each scope by itself")
    func renewed() async throws {
        let demo = try await DemoLogin(scopes: ["openid", "mail"])
        try await demo.logIn()
        let first = try await demo.home.authagent("token", "work").lines
        let second = try await demo.home.authagent("token", "work", "--renew")
        #expect(second.status == 0)
        #expect(second.errors.isEmpty, "\(second.errors)")
        #expect(second.lines.count == 1 && second.lines != first)
        let third = try await demo.home.authagent("token", "work", "--renew", "--header")
        #expect(third.status == 0)
        #expect(third.lines == second.lines.map { "Authorization: Bearer \($0)" })
        #expect(
            third.errors
                == "authagent: note: the token was not renewed: the last renewal was less than a minute ago\n")
        #expect(demo.issuer.refreshCount == 1)

        let mail = try await demo.home.authagent("token", "work", "--scope", "mail").lines
        let other = try await demo.home.authagent("token", "work", "--scope", "mail", "--renew")
        #expect(other.status == 0 && other.errors.isEmpty && other.lines != mail, "\(other.errors)")
        #expect(try await demo.home.authagent("token", "work", "--scope", "mail").lines == other.lines)
        #expect(try await demo.home.authagent("token", "work").lines == second.lines)
        let json = try await demo.home.authagent("token", "work", "--renew", "--id-token", "--json", "--wait", "30")
        let reply = try APIJSON.decode(TokenReply.self, from: json.output.utf8)
        #expect(reply.accessToken == second.lines.first)
        // The expiry of the ID token, not of the access token.
        let part = try #require(reply.idToken?.split(separator: ".").dropFirst().first)
        let bytes = try #require(decoded(part))
        let claims = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let expiry = try #require(claims["exp"] as? Int)
        #expect(abs((reply.idTokenExpiresAt ?? 0) - expiry) <= 2)
        #expect(reply.idTokenExpiresAt != reply.expiresAt)
    }

    private func decoded(_ part: Substring) -> Data? {
        let text = part.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4))
    }

    @Test("while the provider is down --renew prints nothing and exits with 6; without it the token is served")
    func outage() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let token = try await demo.home.authagent("token", "work").lines
        demo.issuer.always(.token, .reply(status: 503, body: ""))
        for _ in 0..<2 {
            let result = try await demo.home.authagent("token", "work", "--renew")
            #expect(result.status == 6)
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("authagent: error: "), "\(result.errors)")
            #expect(try await demo.home.authagent("token", "work").lines == token)
        }
    }

    @Test("if a new login is required, --renew exits with 3 and prints nothing")
    func loginRequired() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        demo.issuer.always(.token, .reply(status: 400, body: #"{"error":"invalid_grant"}"#))
        for _ in 0..<2 {
            let result = try await demo.home.authagent("token", "work", "--renew")
            #expect(result.status == 3)
            #expect(result.output.isEmpty)
        }
    }

    @Test("if the provider does not answer, --renew ends after --wait with exit code 6")
    func wait() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let gate = Gate()
        defer { gate.open() }
        demo.issuer.always(.token, .wait { await gate.pass() })
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await demo.home.authagent("token", "work", "--renew", "--wait", "1")
        #expect(result.status == 6, "\(result.errors)")
        #expect(result.output.isEmpty)
        #expect(clock.now - start < .seconds(30))
    }

    @Test("programs that report a refused token at the same time share one renewal")
    func storm() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let curl = try MissingProgram.require("curl", package: "curl")
        let url = "http://localhost/v1/accounts/work/token/rejected"
        let results = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    try await ChildProcess.run(
                        curl, ["-sS", "--unix-socket", demo.home.socket, "-X", "POST", url]
                    ).output
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let replies = try results.map { try APIJSON.decode(TokenRejectionReply.self, from: $0.utf8) }
        #expect(replies.contains { $0.result == .renewed })
        #expect(demo.issuer.refreshCount == 1)
    }
}

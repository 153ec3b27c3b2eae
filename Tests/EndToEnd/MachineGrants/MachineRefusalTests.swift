import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// What a provider's refusals and wrong replies mean for accounts without a person: never a missing login of their own.
@Suite(.timeLimit(.minutes(5)))
struct MachineRefusalTests {
    /// A refusal, and the agent's code for it.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let error: String
        let code: Problem.Code

        var testDescription: String { error }
    }

    static let refusals = [
        Refusal(error: "invalid_client", code: .configurationError),
        Refusal(error: "unauthorized_client", code: .providerRejected),
        Refusal(error: "unsupported_grant_type", code: .providerRejected),
        Refusal(error: "invalid_grant", code: .providerRejected),
        Refusal(error: "invalid_target", code: .providerRejected),
        Refusal(error: "invalid_request", code: .providerRejected),
        Refusal(error: "invalid_scope", code: .providerRejected),
        Refusal(error: "made_up_error", code: .providerRejected),
    ]

    private func machines() async throws -> DemoMachines {
        let demo = try await DemoMachines()
        try demo.writeService()
        try demo.writeExchange("derived", of: "service")
        try demo.writeExchange(
            "grant", of: "service", "requested_token_type = \"jwt\"\naudience = \"\(demo.issuer.issuer)\"")
        try demo.writeBearer("saas", of: "grant")
        // The tokens that the others are derived from.
        for account in ["service", "grant"] { _ = try await demo.machines.token(account) }
        return demo
    }

    @Test("an error of the provider has its own code and exit code 1, and is not a missing login", arguments: refusals)
    func refused(refusal: Refusal) async throws {
        let demo = try await machines()
        demo.issuer.changeMachines {
            $0.error = refusal.error
            $0.errorDescription = "for the test"
        }
        for account in ["derived", "saas"] {
            let token = try await demo.home.authagent("token", account)
            #expect(token.status == 1, "\(account): \(token.output)\(token.errors)")
            let problem = try await demo.machines.problem(account)
            #expect(problem.code == refusal.code && problem.detail.contains("for the test"), "\(account): \(problem)")
            // It tries the account from whose token this one is made, too, which is then the one that is refused.
            let login = try await demo.home.authagent("login", account)
            #expect(login.status == 1, "\(account): \(login.output)\(login.errors)")
            #expect(try await demo.machines.status(account).state != .loginRequired)
        }
        demo.issuer.changeMachines { $0.error = nil }
        // By hand, a login tries at once; first that of the account from whose token another is made.
        for account in ["grant", "derived", "saas"] {
            let login = try await demo.home.authagent("login", account)
            #expect(login.status == 0, "\(account): \(login.output)\(login.errors)")
            _ = try await demo.machines.token(account)
        }
    }

    @Test("client credentials: a refusal has its code before the first token, too", arguments: refusals)
    func first(refusal: Refusal) async throws {
        let demo = try await DemoMachines()
        try demo.writeService()
        demo.issuer.changeMachines { $0.error = refusal.error }
        let result = try await demo.home.authagent("token", "service")
        #expect(result.status == 1, "\(result.errors)")
        #expect(try await demo.machines.problem("service").code == refusal.code)
    }

    /// A fault, and the exit code of a token request meanwhile.
    struct Outage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let fault: DemoIssuer.Fault
    }

    static let outages = [
        Outage(testDescription: "502", fault: .reply(status: 502, contentType: "text/html", body: "<h1>down</h1>")),
        Outage(testDescription: "503", fault: .reply(status: 503, body: "")),
        Outage(testDescription: "429", fault: .reply(status: 429, body: "", headers: ["Retry-After": "1"])),
        Outage(testDescription: "captive portal", fault: .reply(status: 200, contentType: "text/html", body: "<p>Hi")),
        Outage(testDescription: "404", fault: .reply(status: 404, contentType: "text/html", body: "<p>none")),
        Outage(testDescription: "no reply", fault: .drop),
        Outage(testDescription: "lost reply", fault: .dropAfterCommit),
    ]

    @Test("an outage is exit code 6 without a storm of requests, and ends by itself", arguments: outages)
    func outage(outage: Outage) async throws {
        let demo = try await DemoMachines()
        try demo.writeService()
        demo.issuer.always(.token, outage.fault)
        for _ in 0..<3 {
            let result = try await demo.home.authagent("token", "service")
            #expect(result.status == 6, "\(result.errors)")
        }
        #expect(demo.issuer.count(.clientCredentials) <= 4)
        demo.issuer.always(.token, nil)
        try await eventually("the outage does not end: \(demo.home.log)") {
            try await demo.home.authagent("token", "service").status == 0
        }
    }

    @Test("an outage of the provider keeps a derived token that is still valid")
    func keptToken() async throws {
        let demo = try await machines()
        let first = try await demo.machines.token("derived")
        demo.issuer.always(.token, .drop)
        #expect(try await demo.home.authagent("token", "derived", "--renew").status != 0)
        #expect(try await demo.machines.token("derived").accessToken == first.accessToken)
    }

    /// A wrong member of an exchange's reply.
    struct WrongReply: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let change: @Sendable (inout DemoIssuer.MachineReply) -> Void
        /// Words of the error.
        let words: String
    }

    static let wrongReplies = [
        WrongReply(
            testDescription: "no issued_token_type", change: { $0.issuedTokenType = .absent },
            words: "issued_token_type"),
        WrongReply(
            testDescription: "another issued_token_type",
            change: { $0.issuedTokenType = .other("urn:ietf:params:oauth:token-type:saml2") }, words: "saml2"),
        WrongReply(
            testDescription: "a refresh token as the result",
            change: { $0.issuedTokenType = .other("urn:ietf:params:oauth:token-type:refresh_token") },
            words: "refresh_token"),
        WrongReply(
            testDescription: "token_type mac", change: { $0.tokenType = .other("mac") }, words: "other than Bearer"),
    ]

    @Test("a reply to an exchange that names no type, or another one, is refused", arguments: wrongReplies)
    func wrong(reply: WrongReply) async throws {
        let demo = try await DemoMachines()
        try demo.writeService()
        try demo.writeExchange("derived", of: "service", "requested_token_type = \"access_token\"")
        _ = try await demo.machines.token("service")
        demo.issuer.changeMachines { reply.change(&$0.reply) }
        let result = try await demo.home.authagent("token", "derived")
        #expect(result.status == 1 && result.output.isEmpty, "\(result.output)\(result.errors)")
        #expect(result.errors.contains(reply.words), "\(result.errors)")
        #expect(try await demo.machines.problem("derived").code == .providerRejected)
    }

    @Test("an exchange without a token_type counts as Bearer where an access token was issued")
    func noTokenType() async throws {
        let demo = try await DemoMachines { $0.machines?.reply.tokenType = .absent }
        try demo.writeService()
        try demo.writeExchange("derived", of: "service")
        #expect(try await demo.machines.token("derived").tokenType == "Bearer")
    }

    @Test("a refresh token that comes with a token is never used, kept or shown")
    func strayRefreshToken() async throws {
        let demo = try await DemoMachines { $0.machines?.reply.hasRefreshToken = true }
        try demo.writeService()
        try demo.writeExchange("derived", of: "service")
        for account in ["service", "derived"] {
            _ = try await demo.machines.token(account)
            _ = try await demo.machines.token(account, "--renew")
            let token = try await demo.home.authagent("token", account, "--json")
            #expect(demo.issuer.refreshTokens.allSatisfy { !token.output.contains($0) && !demo.home.log.contains($0) })
        }
        #expect(demo.issuer.refreshCount == 0)
        #expect(demo.issuer.count(.tokenExchange) == 2)
    }

    @Test("a token without a lifetime is served, and one with fewer scopes says so")
    func noLifetime() async throws {
        let demo = try await DemoMachines {
            $0.machines?.reply.hasLifetime = false
            $0.machines?.reply.scope = .other("read")
        }
        try demo.writeService("service", "scopes = [\"read\", \"write\"]")
        let token = try await demo.machines.token("service")
        #expect(token.scope == "read" && token.expiresIn == nil)
        #expect(try await demo.machines.token("service").accessToken == token.accessToken)
    }

    @Test("a slow reply does not keep other accounts waiting")
    func slow() async throws {
        let demo = try await DemoMachines()
        try demo.writeService("slow")
        try demo.writeService("quick")
        let gate = Gate()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        let slow = try demo.home.client(["token", "slow"])
        await eventually { demo.issuer.count(.clientCredentials) == 1 }
        _ = try await demo.machines.token("quick")
        #expect(slow.isRunning)
        gate.open()
        #expect(await slow.result().status == 0)
    }
}

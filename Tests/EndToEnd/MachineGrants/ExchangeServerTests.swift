import AgentAPI
import Foundation
import TestSupport
import Testing

/// Token exchange through the real programs, at authgent-server.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ExchangeServerTests {
    private static let api = "https://api.example"

    /// `service` with its own credentials, and `gateway`, which acts for it.
    private func accounts(_ authgent: Authgent) throws -> MachineHome {
        let machines = try MachineHome()
        try machines.write(
            "service", issuer: authgent.issuer, client: "service", "grant = \"client_credentials\"",
            "scopes = [\"read\", \"write\"]", machines.secret)
        try machines.write(
            "gateway", issuer: authgent.issuer, client: "gateway", "grant = \"token_exchange\"",
            "subject_account = \"service\"", "audience = \"\(Self.api)\"", "scopes = [\"read\"]", machines.secret)
        return machines
    }

    @Test("the exchanged token has the actor, which inspect and status show; a renewal exchanges again")
    func actor() async throws {
        let authgent = try await Authgent.start()
        let machines = try accounts(authgent)
        let first = try await machines.token("gateway")
        #expect(first.scope == "read")
        let inspected = try await machines.home.authagent("inspect", "gateway")
        #expect(inspected.status == 0, "\(inspected.output)\(inspected.errors)")
        #expect(
            inspected.output.contains("delegation: 'client:gateway' acts for 'client:service'"), "\(inspected.output)")
        #expect(inspected.output.contains("sub: client:service") && inspected.output.contains("aud: \(Self.api)"))
        let status = try await machines.home.authagent("status", "gateway")
        #expect(status.output.contains("token_exchange") && status.output.contains("service"), "\(status.output)")
        #expect(try await machines.token("gateway", "--renew").accessToken != first.accessToken)

        #expect(try await machines.home.authagent("logout", "service").status == 0)
        #expect(try await machines.status("gateway").expiresAt == nil, "it goes with its subject's logout")
    }

    @Test("a chain: an authorization grant that the server takes once, for each token of the account behind it")
    func chain() async throws {
        let authgent = try await Authgent.start()
        let machines = try accounts(authgent)
        try machines.write(
            "grant", issuer: authgent.issuer, client: "gateway", "grant = \"token_exchange\"",
            "subject_account = \"service\"", "requested_token_type = \"jwt\"", "audience = \"\(authgent.issuer)\"",
            machines.secret)
        try machines.write(
            "saas", issuer: authgent.issuer, client: "gateway", "grant = \"jwt_bearer\"",
            "assertion_account = \"grant\"", "scopes = [\"read\"]", machines.secret)
        let first = try await machines.token("saas")
        // The grant that the server has taken is not sent again.
        let second = try await machines.token("saas", "--renew")
        #expect(second.accessToken != first.accessToken)
        let inspected = try await machines.home.authagent("inspect", "saas")
        #expect(inspected.output.contains("chained_from: \(authgent.issuer)"), "\(inspected.output)")

        let header = try await machines.home.authagent("token", "grant", "--header")
        #expect(header.status == 1 && header.output.isEmpty, "\(header)")
        #expect(try await machines.token("grant").tokenType == "N_A")
    }

    @Test("a scope beyond the subject's is refused with the server's reason, and is not a missing login")
    func escalation() async throws {
        let authgent = try await Authgent.start()
        let machines = try accounts(authgent)
        try machines.write(
            "service", issuer: authgent.issuer, client: "service", "grant = \"client_credentials\"",
            "scopes = [\"read\"]", machines.secret)
        try machines.write(
            "gateway", issuer: authgent.issuer, client: "gateway", "grant = \"token_exchange\"",
            "subject_account = \"service\"", "audience = \"\(Self.api)\"", "scopes = [\"read\", \"write\"]",
            machines.secret)
        let result = try await machines.home.authagent("token", "gateway")
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.errors.contains("write"), "\(result.errors)")
    }

    @Test("a server that issues another type than requested is refused")
    func otherType() async throws {
        let authgent = try await Authgent.start()
        let machines = try accounts(authgent)
        try machines.write(
            "gateway", issuer: authgent.issuer, client: "gateway", "grant = \"token_exchange\"",
            "subject_account = \"service\"", "audience = \"\(Self.api)\"", "requested_token_type = \"saml2\"",
            machines.secret)
        let result = try await machines.home.authagent("token", "gateway")
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.errors.contains("saml2"), "\(result.errors)")
    }
}

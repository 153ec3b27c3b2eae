import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// Logins at Microsoft Entra with the preset's addresses and a tenant's domain.
struct EntraLoginTests {
    private static let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    private static let other = "11111111-2222-3333-4444-555555555555"

    private static func issuer(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }

    private static func metadata(_ tenant: String) -> FakeProvider.Answer {
        let root = "https://login.microsoftonline.com/\(tenant)"
        return .json(
            200,
            """
            {"issuer":"\(issuer(tenant))","token_endpoint":"\(root)/oauth2/v2.0/token",
            "device_authorization_endpoint":"\(root)/oauth2/v2.0/device","jwks_uri":"\(root)/discovery/v2.0/keys"}
            """)
    }

    private func idToken(_ fixture: IdentityFixture, of tenant: String) throws -> String {
        try fixture.idToken(["iss": "\"\(Self.issuer(tenant))\"", "tid": "\"\(tenant)\""])
    }

    private func logIn(_ fixture: IdentityFixture) async throws -> LoginEvent? {
        fixture.agent.provider.script(.metadata, Self.metadata(Self.tenant))
        let request = LoginRequest(
            settings: LoginSettings(
                provider: "entra", providerParameters: ["tenant": "contoso.com"], clientID: "tv", scopes: ["openid"]))
        return try await fixture.logIn(try idToken(fixture, of: Self.tenant), request: request)
    }

    @Test("M1: the login is bound to the tenant that the metadata names, and its ID tokens are verified")
    func login() async throws {
        let fixture = try IdentityFixture()
        guard case .done(let result)? = try await logIn(fixture) else { return #expect(Bool(false)) }
        #expect(result.subject == "ann")
        #expect(try await fixture.agent.agent.status(of: fixture.agent.name).issuer == Self.issuer("contoso.com"))
    }

    @Test("O2: a domain that now belongs to another tenant does not take over the login")
    func moved() async throws {
        let first = try IdentityFixture()
        _ = try await logIn(first)
        let fixture = try IdentityFixture(restarting: first.agent)
        fixture.agent.provider.script(.metadata, Self.metadata(Self.other))
        fixture.agent.provider.script(
            .token, .grant(access: "a2", refresh: "r2", idToken: try idToken(fixture, of: Self.other)))
        await #expect(throws: Problem.self) { try await fixture.agent.agent.token(fixture.agent.name, TokenRequest()) }
    }

    @Test("another tenant's token, perhaps signed with the same key, is not reported as the account's")
    func inspected() async throws {
        let fixture = try IdentityFixture()
        _ = try await logIn(fixture)
        for (tenant, state) in [(Self.tenant, SignatureReport.State.valid), (Self.other, .unchecked)] {
            let request = InspectRequest(token: try idToken(fixture, of: tenant))
            let reply = try await fixture.agent.agent.inspect(fixture.agent.name, request)
            #expect(reply.tokens.first?.signature?.state == state, "\(tenant)")
        }
    }
}

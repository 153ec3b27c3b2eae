import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

/// Where a refresh token is sent to be revoked: a logout and the queue must decide alike.
struct SecretDestinationTests {
    struct Change: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var request = AgentFixture.request
        /// The provider's metadata at the login, and long after it.
        var before = Self.metadata()
        var after = Self.metadata()
        /// Where the token is sent; `nil` if it must not be sent.
        var destination: String?

        static func metadata(
            issuer: String = FakeProvider.issuer, base: String = FakeProvider.issuer, token: String? = nil,
            revocation: String?? = nil
        ) -> String {
            let revocation = revocation ?? "\(base)/revocation"
            let last = revocation.map { #","revocation_endpoint":"\#($0)""# } ?? ""
            return """
                {"issuer":"\(issuer)","device_authorization_endpoint":"\(base)/device",
                "token_endpoint":"\(token ?? "\(base)/token")"\(last)}
                """
        }
    }

    private static let issuer = FakeProvider.issuer
    private static let google = LoginRequest(
        settings: LoginSettings(
            provider: "google", clientID: "c", clientSecret: "secret", scopes: ["openid"]))

    private static func settings(_ change: (inout LoginSettings) -> Void) -> LoginSettings {
        var settings = LoginSettings(issuer: issuer, clientID: "tv", scopes: ["openid"])
        change(&settings)
        return settings
    }

    private static let googleIssuer = "https://accounts.google.com"

    private static let changes = [
        Change(
            testDescription: "another path of the same host is followed",
            after: Change.metadata(revocation: issuer + "/v2/revocation"), destination: issuer + "/v2/revocation"
        ),
        Change(
            testDescription: "another host gets nothing",
            after: Change.metadata(revocation: "https://evil.example/revocation")
        ),
        Change(
            testDescription: "another host that was known at the login is followed",
            before: Change.metadata(revocation: "https://revoke.example/revocation"),
            after: Change.metadata(revocation: "https://revoke.example/v2/revocation"),
            destination: "https://revoke.example/v2/revocation"
        ),
        Change(
            testDescription: "the issuer's host is followed, wherever the endpoint was before",
            before: Change.metadata(revocation: "https://revoke.example/revocation"),
            destination: issuer + "/revocation"
        ),
        Change(
            testDescription: "a token endpoint on another host does not matter",
            after: Change.metadata(token: "https://evil.example/token"), destination: issuer + "/revocation"
        ),
        Change(
            testDescription: "an endpoint configured by hand is used on any host",
            request: LoginRequest(
                settings: settings {
                    $0.revocationEndpoint = "https://hand.example/revocation"
                }),
            after: Change.metadata(revocation: "https://evil.example/revocation"),
            destination: "https://hand.example/revocation"
        ),
        Change(
            testDescription: "a login with both endpoints configured by hand is bound to no host",
            request: LoginRequest(
                settings: settings {
                    $0.deviceEndpoint = "https://hand.example/device"
                    $0.tokenEndpoint = "https://hand.example/token"
                }),
            after: Change.metadata(revocation: "https://revoke.example/revocation"),
            destination: "https://revoke.example/revocation"
        ),
        Change(
            testDescription: "metadata of another issuer gets nothing",
            after: Change.metadata(issuer: "https://evil.example")
        ),
        Change(
            testDescription: "the preset's endpoint is used on a host known at the login",
            request: google,
            before: Change.metadata(
                issuer: googleIssuer, base: googleIssuer, token: "https://oauth2.googleapis.com/token"),
            after: Change.metadata(issuer: googleIssuer, base: googleIssuer, revocation: .some(nil)),
            destination: "https://oauth2.googleapis.com/revoke"
        ),
        Change(
            testDescription: "the preset's endpoint gets nothing on a host not known at the login",
            request: google, before: Change.metadata(issuer: googleIssuer, base: googleIssuer),
            after: Change.metadata(issuer: googleIssuer, base: googleIssuer, revocation: .some(nil))
        ),
    ]

    private func loggedIn(_ change: Change) async throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.script(.metadata, .json(200, change.before))
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(change.request)
        await fixture.passInterval()
        guard case .done? = await log.events().last else { throw Problem(.internalError, "the login has failed") }
        return fixture
    }

    @Test("after a change of the metadata, a logout sends the token only where it may", arguments: changes)
    func logout(change: Change) async throws {
        let fixture = try await loggedIn(change)
        fixture.provider.script(.metadata, .json(200, change.after))
        // Longer than the metadata is valid.
        fixture.time.advance(by: .seconds(7200))
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(fixture.provider.urls(.revocation) == [change.destination].compactMap(\.self))
    }

    @Test("after a change of the metadata, the queue sends the token where a logout does", arguments: changes)
    func queue(change: Change) async throws {
        let offline = try AgentFixture(restarting: try await loggedIn(change))
        offline.provider.script(.metadata, .failure(.unreachable("no route")))
        offline.provider.script(.revocation, .failure(.unreachable("no route")))
        let reply = try await offline.agent.logout(offline.name, LogoutRequest())
        #expect(reply.reason?.contains("the agent will try again") == true)

        let later = try AgentFixture(restarting: offline)
        later.provider.script(.metadata, .json(200, change.after))
        let running = Task { try? await later.agent.run() }
        defer { running.cancel() }
        await eventually {
            later.time.advance(by: .seconds(1))
            // The sixth attempt has seen what five brought.
            return !later.provider.urls(.revocation).isEmpty || later.provider.requests(.metadata).count > 5
        }
        #expect(later.provider.urls(.revocation) == [change.destination].compactMap(\.self))
    }
}

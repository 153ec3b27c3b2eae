import DemoIssuer
import TestSupport
import Testing

/// A provider whose metadata moves after the login.
@Suite(.timeLimit(.minutes(5)))
struct MovedProviderTests {
    @Test("if metadata moves to another host, no refresh token is sent: exit code 1, and login is the remedy")
    func otherHost() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        // The metadata is cached for an hour; a new agent fetches it again.
        await demo.home.killDaemon()
        let issuer = demo.issuer.issuer
        // Another name of this machine is another host by comparison of names.
        let elsewhere = issuer.replacing("127.0.0.1", with: "localhost")
        demo.issuer.always(
            .metadata,
            .reply(
                status: 200,
                body: """
                    {"issuer":"\(issuer)","device_authorization_endpoint":"\(issuer)/device_authorization",
                    "token_endpoint":"\(elsewhere)/token"}
                    """))
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("'localhost'"), "\(result.errors)")
        #expect(result.errors.contains("hint: if the provider has moved, run 'authagent login work'"))
        #expect(demo.issuer.refreshCount == 0)
        #expect(demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")])
        // The user approves the new login, so the new host is accepted.
        try await demo.logIn()
        #expect(demo.issuer.log.last?.endpoint == .token)
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }
}

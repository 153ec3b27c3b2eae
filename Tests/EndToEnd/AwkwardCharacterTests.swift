import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Unusual characters in tokens and subjects, in each store's format.
@Suite(.timeLimit(.minutes(10)))
struct AwkwardCharacterTests {
    private static let awkward = #"\s\n\\t"%41&a=b+c`{}|~ %;#"#

    private static var configuration: DemoIssuer.Configuration {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        configuration.endOfRefreshTokens = awkward
        configuration.subject = #"CORP\jdoe"#
        return configuration
    }

    @Test("a keyring without a password is opened without a prompt, and returns every byte after its restart")
    func plainKeyring() async throws {
        let keyring = try await PrivateKeyring(hasPassword: false)
        let demo = try await DemoLogin(Self.configuration, keyring: keyring, scopes: ["openid"])
        try await demo.logIn()
        for _ in 0..<2 {
            await demo.home.killDaemon()
            await keyring.killProvider()
            try await keyring.startProvider()
            let token = try await demo.home.authagent("token", "work", "--renew")
            #expect(token.status == 0, "\(token.errors)")
            let status = try await demo.home.authagent("status", "work")
            #expect(status.output.contains(#"CORP\jdoe"#), "\(status.output)")
            try await eventually("the keyring does not get the newest refresh token") {
                demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
            }
        }
        let logout = try await demo.home.authagent("logout", "work")
        #expect(logout.status == 0, "\(logout.errors)")
        #expect(demo.issuer.liveRefreshTokens.isEmpty)
    }

    @Test("a keyring without a password that is opened for each job never shows a prompt")
    func noPrompt() async throws {
        let keyring = try await PrivateKeyring(hasPassword: false)
        let demo = try await DemoLogin(Self.configuration, keyring: keyring)
        let doctor = try await demo.home.authagent("doctor")
        #expect(doctor.output.contains("the keyring is unlocked"), "\(doctor.output)")
        #expect(try await keyring.busNames().filter { $0.contains("rompter") }.isEmpty)
    }

    @Test("the sealed store returns every byte after a restart")
    func sealed() async throws {
        let demo = try await DemoLogin(Self.configuration, store: "sealed", scopes: ["openid"])
        let key = try demo.home.files.file("key", String(repeating: "k", count: 32))
        chmod(key, 0o600)
        let store = try await demo.home.authagent("store", "init", "--key-file", key)
        #expect(store.status == 0, "\(store.errors)")
        try await demo.logIn()
        for _ in 0..<2 {
            await demo.home.killDaemon()
            let token = try await demo.home.authagent("token", "work", "--renew")
            #expect(token.status == 0, "\(token.errors)")
            #expect(demo.issuer.liveRefreshTokens.count == 1)
            let status = try await demo.home.authagent("status", "work")
            #expect(status.output.contains(#"CORP\jdoe"#), "\(status.output)")
        }
    }
}

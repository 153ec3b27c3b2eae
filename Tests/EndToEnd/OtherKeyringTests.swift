import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Logins in a real KeePassXC or kwalletd5 instead of gnome-keyring.
@Suite(.timeLimit(.minutes(10)))
struct OtherKeyringTests {
    /// Every client may use every item.
    private let open = PrivateKeePassXC.Settings(confirmsAccess: false)

    @Test("KeePassXC without confirmations: a login survives rotation and restart, a logout leaves nothing")
    func keePassXC() async throws {
        let keyring = try await PrivateKeePassXC(open)
        try await liveThrough(try await DemoLogin.beside(keyring.environment, firstLifetime: nil), keyring.labels)
        let dialogs = try await keyring.dialogs()
        #expect(dialogs == [])
    }

    @Test("kwalletd5: a login survives rotation and restart, and a logout leaves nothing")
    func kwallet() async throws {
        let keyring = try await PrivateKWallet()
        try await liveThrough(try await DemoLogin.beside(keyring.environment, firstLifetime: nil), keyring.labels)
    }

    private func liveThrough(_ demo: DemoLogin, _ labels: () async throws -> [String]) async throws {
        try await demo.logIn()
        let saved = try await labels()
        #expect(saved == [demo.label("work")])
        let first = try await demo.home.authagent("token", "work")
        #expect(first.status == 0, "\(first.errors)")
        let second = try await demo.home.authagent("token", "work", "--renew")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.output != first.output)
        try await eventually("the new refresh token is not saved") { try await demo.state() == .ok }
        await demo.home.killDaemon()
        let third = try await demo.home.authagent("token", "work")
        #expect(third.status == 0, "\(third.errors)")
        // The agent may be replacing it at this time.
        try await eventually("not exactly one item") { try await labels() == [demo.label("work")] }
        let logout = try await demo.home.authagent("logout", "work")
        #expect(logout.status == 0, "\(logout.output)\(logout.errors)")
        let left = try await labels()
        #expect(left == [])
        #expect(demo.issuer.liveRefreshTokens.isEmpty)
    }

    @Test("KeePassXC that confirms each item: the logins of two accounts work")
    func twoLogins() async throws {
        let keyring = try await PrivateKeePassXC()
        let demo = try await DemoLogin.beside(keyring.environment)
        for account in ["work", "home"] { try await demo.logIn(account) }
        for account in ["work", "home"] {
            let token = try await demo.home.authagent("token", account)
            #expect(token.status == 0, "\(token.errors)")
        }
        #expect(try await keyring.labels() == ["home", "work"].map(demo.label))
        #expect(try await demo.state("work") == .ok)
        #expect(try await demo.state("home") == .ok)
    }

    @Test("KeePassXC that confirms each item: within 10 s a restarted agent names the item and the program")
    func restarted() async throws {
        let keyring = try await PrivateKeePassXC()
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        await demo.home.killDaemon()
        try await expectUnavailable(demo, "keepassxc", mentions: demo.label("work"))
        #expect(try await keyring.labels() == [demo.label("work")])
    }

    @Test("KeePassXC that confirms each item: once allowed, the token is served, and no dialog is left")
    func allowed() async throws {
        let keyring = try await PrivateKeePassXC()
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 7)
        try await keyring.allow()
        try await eventually("the allowed item is not noticed") {
            try await demo.home.authagent("token", "work").status == 0
        }
        let dialogs = try await keyring.dialogs()
        #expect(dialogs == [])
    }

    @Test("KeePassXC that asks again after a restart: a rotation is served at once, and no login is lost")
    func rotation() async throws {
        let keyring = try await PrivateKeePassXC()
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        try await demo.tokenExpires()
        // Its permissions end with the process.
        await keyring.killProvider()
        try await keyring.startProvider()
        let start = ContinuousClock.now
        #expect(try await demo.home.authagent("token", "work").status == 0)
        #expect(ContinuousClock.now - start < .seconds(10))
        try await eventually(within: .seconds(120), "it is not saved once it may be") {
            try await keyring.allow(waits: false)
            return try await demo.state() == .ok
        }
        await demo.home.killDaemon()
        try await eventually("the login is lost") {
            try await keyring.allow(waits: false)
            return try await demo.home.authagent("token", "work").status == 0
        }
        #expect(demo.issuer.liveRefreshTokens.count == 1)
        try await eventually("not exactly one item") { try await keyring.labels() == [demo.label("work")] }
    }

    @Test("a locked KeePassXC is named, without gnome-keyring's commands, and shows no window")
    func locked() async throws {
        let keyring = try await PrivateKeePassXC(open)
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        await demo.home.killDaemon()
        try await keyring.lock()
        try await expectUnavailable(demo, "keepassxc", mentions: "locked")
        let dialogs = try await keyring.dialogs()
        #expect(dialogs == [])
    }

    @Test("a KeePassXC without a Secret Service group is named before a code is shown, and shows no window")
    func noGroup() async throws {
        let keyring = try await PrivateKeePassXC(.init(exposesGroup: false))
        let demo = try await DemoLogin.beside(keyring.environment)
        let login = try await demo.home.authagent(["login", "work", "--json"] + demo.options)
        expectNamed(login, "keepassxc", mentions: "no default collection")
        #expect(!login.output.contains("user_code"), "\(login.output)")
        let dialogs = try await keyring.dialogs()
        #expect(dialogs == [])
    }

    @Test("a KeePassXC that hangs is named, and no hint kills gnome-keyring")
    func hung() async throws {
        let keyring = try await PrivateKeePassXC(open)
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        await demo.home.killDaemon()
        keyring.stopProvider()
        try await expectUnavailable(demo, "keepassxc")
        keyring.resumeProvider()
        try await eventually { try await demo.home.authagent("token", "work").status == 0 }
        #expect(try await keyring.labels() == [demo.label("work")])
    }

    @Test("a closed wallet of kwalletd5 is named, without gnome-keyring's commands, and opens at its next start")
    func closedWallet() async throws {
        let keyring = try await PrivateKWallet()
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        await demo.home.killDaemon()
        try await keyring.lock()
        try await expectUnavailable(demo, "kwalletd5", mentions: "locked")
        await keyring.killProvider()
        try await keyring.startProvider()
        try await eventually { try await demo.home.authagent("token", "work").status == 0 }
        #expect(try await keyring.labels() == [demo.label("work")])
    }

    @Test("a kwalletd5 without a wallet is named, without gnome-keyring's commands")
    func noWallet() async throws {
        let keyring = try await PrivateKWallet(hasWallet: false)
        let demo = try await DemoLogin.beside(keyring.environment)
        let login = try await demo.home.authagent(["login", "work", "--json"] + demo.options)
        expectNamed(login, "kwalletd5", mentions: "no default collection")
        #expect(try await keyring.labels().isEmpty)
    }

    @Test("a deletion that the user cancels in KeePassXC, or does not confirm, is not done", arguments: [true, false])
    func keptItem(isAnswered: Bool) async throws {
        let keyring = try await PrivateKeePassXC(.init(confirmsAccess: false, confirmsDeletion: true))
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        let start = ContinuousClock.now
        let client = try demo.home.client(["logout", "work"])
        if isAnswered { try await keyring.cancelDeletion() }
        let logout = await client.result()
        #expect(ContinuousClock.now - start < .seconds(10))
        let text = logout.output + logout.errors
        #expect(text.contains("keeps the item '\(demo.label("work"))'"), "\(text)")
        #expect(demo.issuer.liveRefreshTokens.isEmpty)
        // The item's refresh token has been revoked.
        await demo.home.killDaemon()
        let token = try await demo.home.authagent("token", "work")
        #expect(token.status == 3, "\(token.errors)")
        #expect(try await keyring.labels() == [demo.label("work")])
    }

    @Test("a deletion that the user confirms in KeePassXC leaves nothing")
    func confirmedDeletion() async throws {
        let keyring = try await PrivateKeePassXC(.init(confirmsAccess: false, confirmsDeletion: true))
        let demo = try await DemoLogin.beside(keyring.environment)
        try await demo.logIn()
        let client = try demo.home.client(["logout", "work"])
        try await keyring.confirmDeletion()
        let logout = await client.result()
        #expect(logout.status == 0, "\(logout.errors)")
        #expect(try await keyring.labels().isEmpty)
    }

    /// Expects an unusable store: the error names its program, and no hint is about another one.
    private func expectUnavailable(
        _ demo: DemoLogin, _ program: String, mentions words: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let start = ContinuousClock.now
        let token = try await demo.home.authagent("token", "work")
        #expect(ContinuousClock.now - start < .seconds(10), sourceLocation: location)
        expectNamed(token, program, mentions: words, location)
    }

    private func expectNamed(
        _ result: ChildProcess.Result, _ program: String, mentions words: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let text = result.output + result.errors
        #expect(result.status == 7, "\(text)", sourceLocation: location)
        #expect(text.lowercased().contains(program), "\(text)", sourceLocation: location)
        #expect(words.isEmpty || text.contains(words), "\(text)", sourceLocation: location)
        #expect(!text.contains("gnome-keyring"), "\(text)", sourceLocation: location)
    }
}

extension DemoLogin {
    /// Logs in with the session's keyring, one-time refresh tokens, and a first access token of that many seconds.
    fileprivate static func beside(
        _ session: [String: String], firstLifetime: Int? = 1
    ) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = firstLifetime
        return try await DemoLogin(
            configuration, store: "keyring", changes: session.filter { $0.key != "HOME" && $0.key != "PATH" })
    }

    /// The text of an account's record in a keyring manager.
    fileprivate func label(_ account: String) -> String { "authagent: \(account) (\(issuer.issuer))" }

    fileprivate func state(_ account: String = "work") async throws -> AccountStatus.State? {
        let status = try await home.authagent("status", account, "--json")
        return try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.first?.state
    }
}

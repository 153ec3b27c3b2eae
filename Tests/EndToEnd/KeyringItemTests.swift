import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Items that an unlocked keyring keeps locked, and items that it does not delete.
@Suite(.timeLimit(.minutes(5)))
struct KeyringItemTests {
    /// Items are locked per client; without encryption no helper stays, so each job is a new client.
    private func locking() async throws -> ScriptedKeyring {
        var behavior = ScriptedKeyring.Behavior.lockingItems()
        behavior.session = "plain"
        return try await ScriptedKeyring(behavior)
    }

    private let item = "the keyring keeps the item 'authagent: work ("

    // MARK: - Locked items

    @Test(
        "after a restart a locked item is exit code 7 with item, program and remedy; once allowed, it is read",
        arguments: ["plain", "dh"])
    func lockedAfterRestart(session: String) async throws {
        var behavior = ScriptedKeyring.Behavior.lockingItems()
        behavior.session = session
        let keyring = try await ScriptedKeyring(behavior)
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await demo.home.killDaemon()
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 7)
        #expect(result.errors.contains("error: \(item)"), "\(result.errors)")
        #expect(result.errors.contains("locked for authagent"), "\(result.errors)")
        #expect(result.errors.contains("hint: allow it in the dialog that keepassxc shows"), "\(result.errors)")
        let check = try await demo.home.doctor()[.keyringState].first
        #expect(check?.state == .warning)
        #expect(check?.detail.hasPrefix(item) == true, "\(check?.detail ?? "")")
        #expect(check?.hint?.contains("keepassxc") == true, "\(check?.hint ?? "")")
        try keyring.behave { $0.isAllowed = true }
        try await eventually("the allowed item is not read") {
            try await demo.home.authagent("token", "work").status == 0
        }
    }

    @Test(
        "a locked item of one account does not stop the login of another", arguments: ["plain", "dh"])
    func lockedItemOfAnother(session: String) async throws {
        var behavior = ScriptedKeyring.Behavior.lockingItems()
        behavior.session = session
        let keyring = try await ScriptedKeyring(behavior)
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        let first = demo.issuer.liveRefreshTokens
        await demo.home.killDaemon()
        let login = try await demo.home.login("other", demo.options) { demo.issuer.approve($0) }
        #expect(login.status == 0)
        #expect(login.errors.isEmpty, "\(login.errors)")
        let second = demo.issuer.liveRefreshTokens.filter { !first.contains($0) }
        #expect(second == [try keyring.refreshToken(of: "other")])
        let rows = try await demo.accounts()
        #expect(rows["other"]?.state == .ok, "\(rows)")
        #expect(rows["work"]?.state == .locked)
        #expect(rows["work"]?.lastError?.hasPrefix(item) == true)
    }

    @Test(
        "a rotation while the item is locked is served and unsaved; once allowed, it is saved",
        arguments: [false, true])
    func rotationWhileLocked(agentDies: Bool) async throws {
        let keyring = try await locking()
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        let first = try keyring.refreshToken(of: "work")
        #expect(try await demo.home.authagent("token", "work", "--renew").status == 0)
        try await eventually("it is not shown as unsaved") { try await demo.accounts()["work"]?.state == .unsaved }
        let row = try #require(try await demo.accounts()["work"])
        #expect(row.lastError?.hasPrefix(item) == true, "\(row.lastError ?? "")")
        #expect(row.hint?.contains("keepassxc") == true, "\(row.hint ?? "")")
        #expect(try keyring.refreshToken(of: "work") == first)
        if agentDies {
            await demo.home.killDaemon()
            #expect(try await demo.home.authagent("token", "work").status == 7)
        }
        try keyring.behave { $0.isAllowed = true }
        try await eventually("the new refresh token is not written") {
            // A new agent writes its journal entries to the store at the first request.
            _ = try await demo.home.authagent("token", "work")
            let stored = try keyring.refreshToken(of: "work")
            return stored != first && demo.issuer.liveRefreshTokens == [stored]
        }
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    // MARK: - Deletions

    @Test(
        "if the user does not confirm the deletion, logout reports the kept item, and the login stays ended",
        arguments: [ScriptedKeyring.Deletion.dismissed, .unanswered], [false, true])
    func notDeleted(way: ScriptedKeyring.Deletion, isLocal: Bool) async throws {
        let keyring = try await ScriptedKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        try keyring.behave { $0.delete = way }
        let logout = try await demo.home.authagent(["logout", "work"] + (isLocal ? ["--local"] : []))
        let text = logout.output + logout.errors
        #expect(text.contains("not forgotten: \(item)"), "\(text)")
        #expect(text.contains("delete it there"), "\(text)")
        #expect(logout.status != 0)
        #expect(demo.issuer.liveRefreshTokens.isEmpty != isLocal)
        #expect(try keyring.items().count == 1)
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 3)
    }

    @Test("tokens do not wait for a deletion that is retried after a restart")
    func waitsForNoDeletion() async throws {
        let keyring = try await ScriptedKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        for account in ["work", "other"] { try await demo.logIn(account) }
        try keyring.behave { $0.delete = .dismissed }
        _ = try await demo.home.authagent("logout", "work")
        await demo.home.killDaemon()
        // So that a request triggers the read of the keyring.
        try keyring.behave { $0.isLocked = true }
        #expect(try await demo.home.authagent("token", "work").status == 7)
        let before = keyring.calls("Delete").count
        try keyring.behave { ($0.isLocked, $0.hangsAt) = (false, ["Delete"]) }
        try await eventually("the open keyring is not read") {
            try await demo.home.authagent("token", "work").status == 3
        }
        #expect(try await demo.home.authagent("token", "other").status == 0)
        // A helper whose deletion hangs lives until its deadline; these replies came earlier.
        await eventually("the deletion is not tried again") { keyring.calls("Delete").count > before }
        let helper = try #require(keyring.calls("Delete").dropFirst(before).first).process
        #expect(kill(helper, 0) == 0)
    }

    @Test("if the user confirms the deletion, logout is exit code 0, and no item is left")
    func deleted() async throws {
        let keyring = try await ScriptedKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        try keyring.behave { $0.delete = .agreed }
        let logout = try await demo.home.authagent("logout", "work")
        #expect(logout.status == 0, "\(logout.errors)")
        #expect(!(logout.output + logout.errors).contains("not forgotten"))
        #expect(try keyring.items().isEmpty)
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 3)
    }
}

extension DemoLogin {
    /// Returns the status of each account.
    func accounts() async throws -> [String: AccountStatus] {
        let status = try await home.authagent("status", "--json")
        let rows = try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.account.description, $0) })
    }
}

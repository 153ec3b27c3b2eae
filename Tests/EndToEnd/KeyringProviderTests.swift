import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Keyrings other than gnome-keyring: errors and hints name them.
@Suite(.timeLimit(.minutes(5)))
struct KeyringProviderTests {
    // MARK: - The owner is named

    @Test(
        "a keyring that cannot be used is named by login, status and doctor, without gnome-keyring's commands",
        arguments: Trouble.all)
    func named(trouble: Trouble) async throws {
        let keyring = try await ScriptedKeyring(as: trouble.program, trouble.behavior)
        let demo = try await DemoLogin(keyring: keyring)
        let login = try await demo.refusedLogin()
        let status = try await demo.home.authagent("status")
        let checks = try await demo.home.doctor().checks.filter { $0.id.rawValue.hasPrefix("keyring") }
        #expect(checks.contains { $0.state == .problem }, "\(checks)")
        let doctor = checks.map { "\($0.detail) \($0.hint ?? "")" }.joined(separator: "\n")
        for text in [login.errors, status.output + status.errors, doctor] {
            #expect(text.contains(trouble.shownProgram), "\(text)")
            #expect(!text.contains("gnome-keyring"), "\(text)")
            #expect(!text.contains("\u{1B}"), "\(text)")
        }
        #expect(login.errors.contains(trouble.detail), "\(login.errors)")
    }

    struct Trouble: Sendable, CustomTestStringConvertible {
        let program: String
        let shownProgram: String
        let detail: String
        let behavior: ScriptedKeyring.Behavior

        init(
            _ detail: String, of program: String = "keepassxc", shown: String? = nil,
            _ change: (inout ScriptedKeyring.Behavior) -> Void
        ) {
            self.program = program
            self.detail = detail
            shownProgram = shown ?? program
            var behavior = ScriptedKeyring.Behavior()
            change(&behavior)
            self.behavior = behavior
        }

        var testDescription: String { "\(shownProgram): \(detail)" }

        static let all = [
            Trouble("the keyring has no default collection") { $0.alias = .path("/") },
            Trouble("the keyring is locked") { $0.isLocked = true },
            Trouble("the keyring did not answer within 5 s") { $0.hangsAt = ["*"] },
            Trouble("the keyring did not answer within 5 s") { $0.hangsAt = ["SearchItems"] },
            Trouble("the keyring is locked", of: "kwalletd5") { $0.isLocked = true },
            // The kernel keeps 15 bytes of a name.
            Trouble("no default collection", of: "pass-secret-ser", shown: "pass-secret-service") {
                $0.alias = .path("/")
            },
            // A program can choose its own name.
            Trouble("the keyring is locked", of: "odd\u{1B}[31m", shown: "odd") { $0.isLocked = true },
        ]
    }

    // MARK: - The default collection

    @Test("NoSuchObject for the default alias means that there is no default collection")
    func noSuchObject() async throws {
        var behavior = ScriptedKeyring.Behavior()
        behavior.alias = .error("org.freedesktop.Secret.Error.NoSuchObject")
        let demo = try await DemoLogin(keyring: try await ScriptedKeyring(behavior))
        let login = try await demo.refusedLogin()
        #expect(login.errors.contains("the keyring has no default collection"), "\(login.errors)")
        let check = try await demo.home.doctor()[.keyringCollection].first
        #expect(check?.detail == "the keyring has no default collection")
    }

    @Test("every other D-Bus error of the default alias is shown by its name")
    func otherErrors() async throws {
        let keyring = try await ScriptedKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        for name in ["org.freedesktop.DBus.Error.AccessDenied", "org.kde.KWallet.Error.Odd"] {
            try keyring.behave { $0.alias = .error(name) }
            let login = try await demo.refusedLogin()
            #expect(login.errors.contains("the keyring does not name its default collection: \(name)"))
        }
    }

    @Test("a reply of another type for the default alias is a failure of the keyring, and no process crashes")
    func otherTypes() async throws {
        let keyring = try await ScriptedKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        for types in ["", "s", "u", "ao", "(o)", "v"] {
            try keyring.behave { $0.alias = .types(types) }
            let login = try await demo.refusedLogin()
            #expect(
                login.errors.contains("the keyring does not name its default collection"), "\(types) \(login.errors)")
        }
        try keyring.behave { $0.alias = ScriptedKeyring.Behavior().alias }
        try await demo.logIn()
    }

    @Test("without an object at the alias's path the login is stored in the collection that the alias names")
    func noAliasObject() async throws {
        var behavior = ScriptedKeyring.Behavior()
        behavior.hasAliasObject = false
        let keyring = try await ScriptedKeyring(behavior)
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        #expect(demo.issuer.liveRefreshTokens == [try keyring.refreshToken(of: "work")])
        #expect(keyring.calls("CreateCollection").isEmpty)
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    // MARK: - The session

    @Test(
        "a refused session is exit code 7 with the error's name, before a code is shown",
        arguments: ["org.freedesktop.Secret.Error.NotSupported", "org.freedesktop.DBus.Error.LimitsExceeded"])
    func refusedSession(name: String) async throws {
        var behavior = ScriptedKeyring.Behavior()
        behavior.session = name
        let demo = try await DemoLogin(keyring: try await ScriptedKeyring(behavior))
        let login = try await demo.refusedLogin()
        #expect(login.errors.contains("the keyring does not open a session: \(name)"), "\(login.errors)")
    }

    @Test("a login is stored and read again with either kind of session", arguments: ["plain", "dh"])
    func session(kind: String) async throws {
        var behavior = ScriptedKeyring.Behavior()
        behavior.session = kind
        let keyring = try await ScriptedKeyring(behavior)
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        #expect(demo.issuer.liveRefreshTokens == [try keyring.refreshToken(of: "work")])
        await demo.home.killDaemon()
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    // MARK: - None runs

    @Test("a keyring that D-Bus could start is not started; login, status and doctor name it")
    func activatable() async throws {
        let files = try TemporaryDirectory()
        let marker = files.path + "/started"
        let bus = try await PrivateBus(
            socket: files.path + "/bus", files: files,
            activatable: ["org.freedesktop.secrets": "/usr/bin/touch \(marker)"]
        )
        let demo = try await DemoLogin(store: "keyring", changes: ["DBUS_SESSION_BUS_ADDRESS": bus.address])
        let login = try await demo.refusedLogin()
        let status = try await demo.home.authagent("status")
        let check = try await demo.home.doctor()[.keyringState].first
        for text in [login.errors, status.output + status.errors, check?.detail ?? ""] {
            #expect(text.contains("one is installed, which D-Bus can start"), "\(text)")
        }
        #expect(!FileManager.default.fileExists(atPath: marker))
        await bus.kill()
    }
}

extension DemoLogin {
    /// Expects a login to fail because of the keyring: exit code 7, and no code was shown.
    fileprivate func refusedLogin(_ location: SourceLocation = #_sourceLocation) async throws -> ChildProcess.Result {
        let login = try await home.authagent(["login", "work"] + options)
        #expect(login.status == 7, "\(login.output)\(login.errors)", sourceLocation: location)
        #expect(!login.errors.contains("ended early"), "\(login.errors)", sourceLocation: location)
        #expect(!issuer.log.contains { $0.endpoint == .device }, sourceLocation: location)
        return login
    }
}

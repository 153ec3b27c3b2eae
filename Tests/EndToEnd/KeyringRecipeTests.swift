import DemoIssuer
import Foundation
import TestSupport
import Testing

/// authagentd(8), "A keyring without a desktop": the shipped units' commands, run as systemd does, with a real
/// gnome-keyring.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct KeyringRecipeTests {
    private let password = "sealed-by-the-machine"

    @Test("the first start creates the keyring; after a reboot it is unlocked, and a token is served unattended")
    func reboot() async throws {
        let machine = try await HeadlessMachine()
        let first = try await machine.startKeyring(password: password)
        #expect(first.check?.status == 0, "\(first.check?.errors ?? "")\(first.main.errorsSoFar)")
        let issuer = try await DemoIssuer.start()
        let home = try AgentHome(changes: machine.environment)
        let login = try await home.login("work", ["--issuer", issuer.issuer, "--client-id", "tv"]) {
            issuer.approve($0)
        }
        #expect(login.status == 0, "\(login.output)\(login.errors)")

        await home.killDaemon()
        await machine.losePower()
        try await machine.boot()
        #expect(try await home.authagent("token", "work").status == 7)

        let second = try await machine.startKeyring(password: password)
        #expect(second.check?.status == 0, "\(second.check?.errors ?? "")\(second.main.errorsSoFar)")
        #expect(second.check?.output == "the keyring is unlocked\n")
        try await eventually { try await home.authagent("token", "work").status == 0 }
    }

    @Test("the check detects a wrong password and reports it")
    func wrongPassword() async throws {
        let machine = try await HeadlessMachine()
        #expect(try await machine.startKeyring(password: password).check?.status == 0)
        await machine.losePower()
        try await machine.boot()
        let check = try #require(try await machine.startKeyring(password: password + "\n").check)
        #expect(check.status == 1)
        #expect(check.errors.contains("error: the keyring is locked"))
        #expect(check.errors.contains("hint: it was started with a password that is not its own"))
    }

    @Test("without a password, or with an empty one, nothing starts and no keyring is created", arguments: [nil, ""])
    func noPassword(password: String?) async throws {
        let machine = try await HeadlessMachine()
        let unit = try await machine.startKeyring(password: password)
        let result = await unit.main.result()
        // The status of RestartPreventExitStatus=.
        #expect(try String(result.status) == UnitFile("authagent-keyring.service").value("RestartPreventExitStatus"))
        #expect(result.errors.contains("error: there is no credential 'authagent-keyring-password'"))
        let keyrings = machine.files.path + "/home/.local/share/keyrings"
        #expect(!FileManager.default.fileExists(atPath: keyrings))
    }

    @Test("a locked keyring that another program's request has started is replaced by an unlocked one")
    func replaced() async throws {
        let machine = try await HeadlessMachine()
        let locked = try await machine.startLockedKeyring()
        let unit = try await machine.startKeyring(password: password)
        #expect(unit.check?.status == 0, "\(unit.check?.errors ?? "")\(unit.main.errorsSoFar)")
        _ = await locked.result()
    }

    @Test("the password is not in any argument or environment variable")
    func secrecy() async throws {
        let machine = try await HeadlessMachine()
        let unit = try await machine.startKeyring(password: password)
        #expect(unit.check?.status == 0)
        for file in ["cmdline", "environ"] {
            let content = try Data(contentsOf: URL(filePath: "/proc/\(unit.main.pid)/\(file)"))
            #expect(!content.isEmpty)
            #expect(content.range(of: Data(password.utf8)) == nil)
        }
    }

    @Test("the user's service manager gets the credential under the name by which the unit inherits it")
    func inheritance() throws {
        let handedOn = try UnitFile("authagent-keyring-password.conf").value("LoadCredentialEncrypted")
        let name = try UnitFile("authagent-keyring.service").value("LoadCredential")
        #expect(handedOn == "\(name):/etc/credstore.encrypted/\(name)-%i")
    }
}

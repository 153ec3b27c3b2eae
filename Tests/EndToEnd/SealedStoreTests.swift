import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Machines with no desktop: the real programs, no session bus, and logins in sealed files.
@Suite(.timeLimit(.minutes(5)))
struct SealedStoreTests {
    private static let passphrase = "correct horse"

    private func demo(changes: [String: String] = [:]) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        return try await DemoLogin(configuration, store: "sealed", changes: changes)
    }

    /// Runs the client with `input` and expects success.
    private func run(_ home: AgentHome, _ arguments: [String], input: String = "") async throws -> String {
        let result = try await home.client(arguments, input: input).result()
        try #require(result.status == 0, "\(arguments): \(result.errors)\(home.log)")
        return result.output
    }

    @Test("with a key file a login survives SIGKILL: the next agent serves tokens without user interaction")
    func keyFile() async throws {
        let demo = try await demo()
        let home = demo.home
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        #expect(try await run(home, ["store", "init", "--key-file", key]).contains(key))
        try await demo.logIn()
        for _ in 0..<2 {
            #expect(try await run(home, ["token", "work"]).count > 10)
            await home.killDaemon()
        }
        #expect(try await run(home, ["token", "work"]).count > 10)
        #expect(demo.issuer.refreshCount == 2)
        // No file contains the live refresh token as plain text.
        let directory = home.files.path + "/state/authagent/sealed"
        // The copy to the store runs concurrently with the reply: the old record and a partial new one may coexist.
        var names: [String] = []
        try await eventually("the store has one record and nothing else") {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            return names.count == 3 && names[..<2] == ["marks.sealed", "store.sealed"]
                && names[2].hasPrefix("work~login~")
        }
        let token = try #require(demo.issuer.liveRefreshTokens.first)
        for name in names {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
            #expect(bytes.range(of: Data(token.utf8)) == nil)
        }
        let status = try await run(home, ["store", "status"])
        #expect(status.contains("sealed: ok") && status.contains("key: file \(key)"), "\(status)")
        try await demo.home.authagent("logout", "work")
        let left = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(left == ["marks.sealed", "store.sealed"])
    }

    @Test(
        "with a passphrase, a restart is exit code 7 until unlock; only the right passphrase opens the store"
    )
    func passphrase() async throws {
        let demo = try await demo()
        let home = demo.home
        _ = try await run(home, ["store", "init", "--passphrase"], input: Self.passphrase + "\n")
        try await demo.logIn()
        await home.killDaemon()
        let locked = try await home.authagent("token", "work")
        #expect(locked.status == 7)
        #expect(locked.errors.contains("authagent: error: the sealed store is locked"), "\(locked.errors)")
        #expect(locked.errors.contains("authagent: hint: run 'authagent unlock'"), "\(locked.errors)")
        let again = try await home.client(["login", "work", "--json"]).result()
        #expect(again.status == 7)
        #expect(again.output.contains("store_locked"))
        let status = try await home.authagent("status", "--json")
        let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
        #expect(report.accounts.map(\.state) == [.locked])
        #expect(report.agent.sealedState == .locked)

        let wrong = try await home.authagent("unlock", input: "wrong horse")
        #expect(wrong.status == 7)
        #expect(wrong.errors.contains("the passphrase is wrong"), "\(wrong.errors)")
        #expect(try await home.authagent("token", "work").status == 7)
        #expect(try await run(home, ["unlock"], input: Self.passphrase) == "unlocked\n")
        #expect(try await run(home, ["token", "work"]).count > 10)
        #expect(demo.issuer.refreshCount == 1)
        #expect(!home.log.contains("horse"))
        #expect(home.log.contains("unlocked"))
    }

    @Test("a passphrase is read from the terminal, twice for a new one, and never echoed")
    func terminal() async throws {
        let home = try AgentHome()
        let script = try MissingProgram.require("script", package: "bsdutils")
        try #require(access("/dev/pts/ptmx", F_OK) == 0, "no terminals here: run 'mount -t devpts devpts /dev/pts'")
        let client = try BuildProducts.path("authagent")
        let session = try ChildProcess(
            script, ["-qec", "\(client) store init --passphrase", "/dev/null"], environment: home.environment,
            input: nil)
        await eventually("no prompt: \(session.outputSoFar)") { session.outputSoFar.contains("passphrase: ") }
        session.write(Self.passphrase + "\n")
        await eventually("no second prompt: \(session.outputSoFar)") {
            session.outputSoFar.contains("repeat the passphrase: ")
        }
        session.write(Self.passphrase + "\n")
        let result = await session.result()
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("sealed store created, key: passphrase"), "\(result.output)")
        #expect(!result.output.contains("horse"))
        #expect(try await run(home, ["unlock"], input: Self.passphrase) == "unlocked\n")
    }

    @Test("with a systemd credential the store opens only where systemd passes the credential")
    func credential() async throws {
        let credentials = try TemporaryDirectory()
        try credentials.file("authagent-key", String(repeating: "c", count: 48), mode: 0o400)
        let demo = try await demo(changes: ["CREDENTIALS_DIRECTORY": credentials.path])
        let made = try await run(demo.home, ["store", "init"])
        #expect(made.contains("systemd credential"), "\(made)")
        try await demo.logIn()
        await demo.home.killDaemon()
        #expect(try await run(demo.home, ["token", "work"]).count > 10)
        await demo.home.killDaemon()
        unlink(credentials.path + "/authagent-key")
        let without = try await demo.home.authagent("token", "work")
        #expect(without.status == 7)
        #expect(without.errors.contains("LoadCredential=authagent-key:"), "\(without.errors)")
    }

    @Test("every account moves from the keyring into the sealed store and back, and no copy is left")
    func migrate() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(configuration, keyring: keyring)
        let home = demo.home
        for account in ["work", "home"] { try await demo.logIn(account) }
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let early = try await home.authagent("store", "migrate", "sealed")
        #expect(early.status == 7)
        #expect(early.errors.contains("authagent store init"), "\(early.errors)")
        _ = try await run(home, ["store", "init", "--key-file", key])
        #expect(
            try await run(home, ["store", "migrate", "sealed"]) == "home: moved to sealed\nwork: moved to sealed\n")
        #expect(try await keyring.labels().isEmpty)
        for account in ["work", "home"] {
            let text = try String(contentsOfFile: home.accountFiles + "/\(account).toml", encoding: .utf8)
            #expect(text.contains("store = \"sealed\""))
            #expect(try await run(home, ["token", account]).count > 10)
        }
        await home.killDaemon()
        await keyring.killProvider()
        #expect(try await run(home, ["token", "work"]).count > 10)
        // Without a keyring it fails, and nothing is lost.
        #expect(try await home.authagent("store", "migrate", "keyring").status == 7)
        #expect(try await run(home, ["token", "home"]).count > 10)

        try await keyring.startProvider()
        let back = try await run(home, ["store", "migrate", "keyring"])
        #expect(back == "home: moved to keyring\nwork: moved to keyring\n")
        #expect(try await keyring.labels().count == 2)
        let directory = home.files.path + "/state/authagent/sealed"
        let left = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(left == ["marks.sealed", "store.sealed"])
        await home.killDaemon()
        for account in ["work", "home"] { #expect(try await run(home, ["token", account]).count > 10) }
    }

    @Test("an account of the machine's file moves with a copy of the file, and the result says so")
    func migrateFleet() async throws {
        let demo = try await demo()
        let home = demo.home
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let keyring = try await PrivateKeyring()
        let fleet = try AgentHome(keyring: keyring)
        try fleet.files.directory("etc/accounts")
        let file = "issuer = \"\(demo.issuer.issuer)\"\nclient_id = \"tv\"\n"
        try fleet.files.file("etc/accounts/work.toml", file)
        let login = try await fleet.login("work") { demo.issuer.approve($0) }
        try #require(login.status == 0, "\(login.errors)\(fleet.log)")
        _ = try await run(fleet, ["store", "init", "--key-file", key])
        let moved = try await run(fleet, ["store", "migrate", "sealed", "--json"])
        let reply = try APIJSON.decode(StoreReply.self, from: moved.utf8)
        #expect(reply.moved?.map(\.moved) == [true])
        #expect(reply.moved?.first?.reason?.contains(fleet.accountFiles) == true, "\(moved)")
        #expect(try String(contentsOfFile: fleet.files.path + "/etc/accounts/work.toml", encoding: .utf8) == file)
        await fleet.killDaemon()
        await keyring.killProvider()
        #expect(try await run(fleet, ["token", "work"]).count > 10)
    }

    @Test("a full or read-only disk during a rotation loses no login", arguments: [true, false])
    func disk(isFull: Bool) async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 512)
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, store: "sealed", disk: disk)
        let home = demo.home
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let daemon = try await home.daemon()
        _ = try await run(home, ["store", "init", "--key-file", key])
        try await demo.logIn()
        try await demo.tokenExpires()
        if isFull { try disk.fill() } else { await disk.makeReadOnly("/authagent/sealed") }
        let token = try await home.authagent("token", "work")
        #expect(token.status == 0 || token.status == 7, "\(token.errors)")
        let status = try await home.authagent("status", "work")
        let reason = isFull ? "No space left on device" : "Read-only file system"
        #expect(status.output.contains(reason), "\(status.output)")
        if isFull { disk.makeRoom() } else { await disk.makeWritable("/authagent/sealed") }
        // The next attempt to write comes after the back-off.
        try await eventually(within: .seconds(30), "the refresh token is not written") {
            let status = try await home.authagent("status", "work", "--json")
            let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
            return report.accounts.first?.state == .ok
        }
        daemon.signal(SIGKILL)
        _ = await daemon.result()
        let next = try await home.daemon()
        #expect(try await run(home, ["token", "work"]).count > 10)
        next.signal(SIGTERM)
        _ = await next.result()
    }

    @Test("a restored older record is not used: the spent refresh token is not sent again")
    func rollback() async throws {
        let demo = try await demo()
        let home = demo.home
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        _ = try await run(home, ["store", "init", "--key-file", key])
        try await demo.logIn()
        let directory = home.files.path + "/state/authagent/sealed"
        func record() throws -> String? {
            try FileManager.default.contentsOfDirectory(atPath: directory).first { $0.hasPrefix("work~login~") }
        }
        let first = try #require(try record())
        let old = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + first))
        await home.killDaemon()
        // A renewal, which rotates the one-time refresh token.
        #expect(try await run(home, ["token", "work"]).count > 10)
        // The old record is removed last, after the new one's mark was written.
        try await eventually("the store has not taken the renewal") {
            try record() != nil && !FileManager.default.fileExists(atPath: directory + "/" + first)
        }
        await home.killDaemon()
        let newest = try #require(try record())
        unlink(directory + "/" + newest)
        try old.write(to: URL(fileURLWithPath: directory + "/" + first))
        chmod(directory + "/" + first, 0o600)
        let refreshes = demo.issuer.refreshCount
        let token = try await home.authagent("token", "work")
        #expect(token.status == 3, "\(token.errors)")
        #expect(token.errors.contains("authagent login work"), "\(token.errors)")
        #expect(demo.issuer.refreshCount == refreshes, "nothing was sent")
        #expect(home.log.contains("older than a record seen before"), "\(home.log)")
        try await demo.logIn()
        #expect(try await run(home, ["token", "work"]).count > 10)
    }

    @Test(
        "if the store's header or directory is damaged, unlock fails with the store's error",
        arguments: ["scrypt", "version", "missing", "cut", "mode", "directory"])
    func unlockOfFailedStore(damage: String) async throws {
        let demo = try await demo()
        let home = demo.home
        _ = try await run(home, ["store", "init", "--passphrase"], input: Self.passphrase + "\n")
        try await demo.logIn()
        let directory = home.files.path + "/state/authagent/sealed"
        let header = directory + "/store.sealed"
        let text = try String(contentsOfFile: header, encoding: .utf8)
        func write(_ text: String) throws { try text.write(toFile: header, atomically: false, encoding: .utf8) }
        switch damage {
        case "scrypt": try write(text.replacingOccurrences(of: "\"n\":65536", with: "\"n\":1073741824"))
        case "version": try write(text.replacingOccurrences(of: "\"version\":2", with: "\"version\":9"))
        case "missing": unlink(header)
        case "cut": try write(String(text.prefix(text.count / 2)))
        case "mode": chmod(header, 0o644)
        default: chmod(directory, 0o755)
        }
        let report = try APIJSON.decode(
            StoreReport.self, from: try await run(home, ["store", "status", "--json"]).utf8)
        let store = try #require(report.stores.first { $0.store == "sealed" })
        #expect(store.state == .failed)
        for input in ["", Self.passphrase] {
            let unlock = try await home.authagent("unlock", input: input)
            #expect(unlock.status == 7, "\(unlock.output)\(unlock.errors)")
            #expect(unlock.output == "")
            #expect(unlock.errors.contains(try #require(store.detail)), "\(unlock.errors)")
            #expect(unlock.errors.contains("authagent: hint: \(try #require(store.hint))"), "\(unlock.errors)")
        }
        for command in ["rekey --passphrase", "init --passphrase", "migrate sealed"] {
            let arguments = ["store"] + command.split(separator: " ").map(String.init)
            let result = try await home.client(arguments, input: Self.passphrase).result()
            #expect(result.status == 7, "\(command): \(result.output)\(result.errors)")
            #expect(result.output == "")
        }
    }

    @Test("unlock fails when the marks of the store are gone or damaged", arguments: [true, false])
    func unlockWithoutMarks(isGone: Bool) async throws {
        let demo = try await demo()
        let home = demo.home
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        chmod(key, 0o600)
        _ = try await run(home, ["store", "init", "--key-file", key])
        try await demo.logIn()
        await home.killDaemon()
        let marks = home.files.path + "/state/authagent/sealed/marks.sealed"
        try #require(FileManager.default.fileExists(atPath: marks))
        if isGone { unlink(marks) } else { try "damaged".write(toFile: marks, atomically: false, encoding: .utf8) }
        let unlock = try await home.authagent("unlock")
        #expect(unlock.status == 7, "\(unlock.output)")
        #expect(unlock.errors.contains("marks.sealed"), "\(unlock.errors)")
    }

    @Test("unlock says if the unlocked store cannot be written")
    func unlockOfReadOnlyStore() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 512)
        let home = try AgentHome(disk: disk)
        let daemon = try await home.daemon()
        _ = try await run(home, ["store", "init", "--passphrase"], input: Self.passphrase + "\n")
        await disk.makeReadOnly("/authagent/sealed")
        _ = try await run(home, ["lock"])
        let unlock = try await home.authagent("unlock", input: Self.passphrase)
        #expect(unlock.status == 7 && unlock.output == "", "\(unlock.output)")
        #expect(unlock.errors.contains("the agent is unlocked, but the sealed store fails"), "\(unlock.errors)")
        #expect(unlock.errors.contains("Read-only file system"), "\(unlock.errors)")
        await disk.makeWritable("/authagent/sealed")
        #expect(try await run(home, ["unlock"], input: Self.passphrase) == "unlocked\n")
        daemon.signal(SIGTERM)
        _ = await daemon.result()
    }

    @Test("a limit on the file size is an error with a remedy, and the agent continues")
    func fileSizeLimit() async throws {
        let home = try AgentHome()
        let key = try home.files.file("key", String(repeating: "k", count: 32))
        let prlimit = try MissingProgram.require("prlimit", package: "util-linux")
        let daemon = try ChildProcess(
            prlimit, ["--fsize=64", try BuildProducts.path("authagentd")], environment: home.environment, input: nil)
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            daemon.errorsSoFar.contains("serving") || !daemon.isRunning
        }
        let result = try await home.authagent("store", "init", "--key-file", key)
        #expect(result.status == 7)
        #expect(result.errors.contains("File too large") && result.errors.contains("make room"), "\(result.errors)")
        #expect(daemon.isRunning)
        #expect(try await run(home, ["store", "status"]).contains("sealed: not_initialized"))
    }
}

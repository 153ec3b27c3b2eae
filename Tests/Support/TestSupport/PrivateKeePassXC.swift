import Foundation
import Synchronization
import Testing

/// A real KeePassXC with the Secret Service on a private session bus, and its windows on a private display.
public final class PrivateKeePassXC: Sendable {
    public struct Settings: Sendable {
        /// Whether the user must allow each client to access items of other clients: KeePassXC's default.
        public var confirmsAccess: Bool
        /// Whether the user must confirm each deletion. KeePassXC's own setting asks only if an entry would not go to
        /// the recycle bin.
        public var confirmsDeletion: Bool
        /// Whether the database has a group for the Secret Service; without one there is no collection.
        public var exposesGroup: Bool

        public init(confirmsAccess: Bool = true, confirmsDeletion: Bool = false, exposesGroup: Bool = true) {
            self.confirmsAccess = confirmsAccess
            self.confirmsDeletion = confirmsDeletion
            self.exposesGroup = exposesGroup
        }
    }

    private struct State {
        var bus: PrivateBus?
        var program: ChildProcess?
    }

    public let files: TemporaryDirectory
    private let settings: Settings
    private let display: PrivateDisplay
    private let calls: SecretServiceCalls
    private let state = Mutex(State())
    private static let password = "a password of tests"
    /// The database's only group.
    private static let group = (uuid: "{00112233-4455-6677-8899-aabbccddeeff}", base64: "ABEiM0RVZneImaq7zN3u/w==")

    /// Starts all processes, with an open database.
    public init(_ settings: Settings = Settings()) async throws {
        files = try TemporaryDirectory()
        self.settings = settings
        for name in ["run", "home", "tmp"] { try files.directory(name) }
        display = try await PrivateDisplay()
        calls = SecretServiceCalls(
            environment: ChildProcess.programEnvironment.merging([
                "HOME": files.path + "/home", "XDG_RUNTIME_DIR": files.path + "/run",
                "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(files.path)/run/bus",
            ]) { $1 })
        let bus = try await PrivateBus(socket: files.path + "/run/bus", files: files)
        state.withLock { $0.bus = bus }
        try writeSettings()
        try await makeDatabase()
        try await startProvider()
    }

    /// The variables that lead to the bus, without the tester's.
    public var environment: [String: String] { calls.environment }

    private var database: String { files.path + "/tests.kdbx" }

    private func writeSettings() throws {
        try files.file(
            "keepassxc.ini",
            """
            [General]
            ConfigVersion=2
            UpdateCheckMessageShown=true
            SingleInstance=false
            RememberLastDatabases=false
            OpenPreviousDatabasesOnStartup=false
            [GUI]
            CheckForUpdates=false
            [Security]
            NoConfirmMoveEntryToRecycleBin=\(!settings.confirmsDeletion)
            LockDatabaseScreenLock=false
            [FdoSecrets]
            Enabled=true
            ShowNotification=false
            ConfirmAccessItem=\(settings.confirmsAccess)
            ConfirmDeleteItem=\(settings.confirmsDeletion)

            """)
    }

    private func makeDatabase() async throws {
        let program = try MissingProgram.require("keepassxc-cli", package: "keepassxc")
        let exposed = settings.exposesGroup ? Self.group.uuid : "{00000000-0000-0000-0000-000000000000}"
        let content = try files.file(
            "tests.xml",
            """
            <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <KeePassFile>
              <Meta>
                <DatabaseName>Tests</DatabaseName>
                <CustomData>
                  <Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>\(exposed)</Value></Item>
                </CustomData>
              </Meta>
              <Root><Group><UUID>\(Self.group.base64)</UUID><Name>Exposed</Name></Group></Root>
            </KeePassFile>
            """)
        let result = try await ChildProcess.run(
            program, ["import", "--quiet", "--set-password", content, database], environment: windowEnvironment,
            input: "\(Self.password)\n\(Self.password)\n"
        )
        guard result.status == 0 else { throw Failure(text: "no database: \(result.errors)") }
    }

    struct Failure: Error {
        let text: String
    }

    /// Its lock and socket are in TMPDIR; with the tester's it would hand the database to another KeePassXC.
    private var windowEnvironment: [String: String] {
        environment.merging([
            "DISPLAY": display.name, "LC_ALL": "C.UTF-8", "TMPDIR": files.path + "/tmp",
            "XDG_CONFIG_HOME": files.path + "/home/config", "XDG_CACHE_HOME": files.path + "/home/cache",
            "XDG_DATA_HOME": files.path + "/home/data",
        ]) { $1 }
    }

    /// Starts KeePassXC, and waits until the database is open.
    public func startProvider() async throws {
        let executable = try MissingProgram.require("keepassxc", package: "keepassxc")
        let program = try ChildProcess(
            executable,
            [
                "--config", files.path + "/keepassxc.ini", "--localconfig", files.path + "/local.ini", "--pw-stdin",
                database,
            ], environment: windowEnvironment, input: Self.password + "\n"
        )
        state.withLock { $0.program = program }
        try await eventually("KeePassXC does not open its database: \(program.errorsSoFar)") {
            guard program.isRunning else { throw Failure(text: "KeePassXC ended: \(program.errorsSoFar)") }
            guard try await calls.owner() == program.pid else { return false }
            // The collection of a database without a group disappears once the database is open.
            if settings.exposesGroup { return try await calls.isLocked() == false }
            guard try await isShownUnlocked() else { return false }
            return try await calls.defaultCollection() == nil
        }
    }

    private func isShownUnlocked() async throws -> Bool {
        try await display.windows().contains { $0.title.hasPrefix("Tests") }
    }

    /// It saves each change a moment later, and shows an asterisk until then.
    private func isSaved() async throws -> Bool {
        try await !display.windows().contains { $0.title.hasPrefix("Tests*") }
    }

    public func stopProvider() { state.withLock { $0.program }?.signal(SIGSTOP) }
    public func resumeProvider() { state.withLock { $0.program }?.signal(SIGCONT) }

    /// Kills it after it has saved its database.
    public func killProvider() async {
        await eventually("KeePassXC does not save its database") { (try? await isSaved()) == true }
        let program = state.withLock { $0.program.take() }
        program?.signal(SIGKILL)
        _ = await program?.result()
        await eventually { (try? await calls.owner()) == nil }
    }

    /// Locks the database. KeePassXC refuses while one of its dialogs is open.
    public func lock() async throws {
        try await eventually("KeePassXC does not lock its database") {
            try await calls.change("Lock")
            return try await calls.isLocked() == true
        }
    }

    /// The items' labels, sorted, as visible to any client.
    public func labels() async throws -> [String] { try await calls.labels() }

    /// The titles of open dialogs.
    public func dialogs() async throws -> [String] {
        try await display.windows().map(\.title).filter { !$0.hasPrefix("Tests") && !$0.hasPrefix("tests.kdbx") }
    }

    /// Allows each waiting client to access the items it requested; `waits`: first wait for such a dialog.
    ///
    /// A client is a bus connection: its permission ends with it, and a dialog that outlives its client or prompt has
    /// no effect.
    public func allow(waits: Bool = true) async throws {
        try await display.answer("Access Request", keys: "Return", waits: waits)
    }

    /// Closes the dialog without a decision.
    public func refuse() async throws { try await display.answer("Access Request", keys: "Escape") }

    /// Confirms each pending deletion: "Move", left of "Cancel".
    public func confirmDeletion() async throws { try await display.pressFirstButton("recycle bin?") }

    /// Cancels each pending deletion.
    public func cancelDeletion() async throws { try await display.answer("recycle bin?", keys: "Escape") }
}

import Foundation
import Synchronization
import Testing

/// A real gnome-keyring on a private session bus, with its files in a temporary directory.
public final class PrivateKeyring: SessionKeyring {
    private struct State {
        var bus: PrivateBus?
        var provider: ChildProcess?
    }

    public let files: TemporaryDirectory
    private let state = Mutex(State())
    private let password: String?
    /// The directory of gnome-keyring's files.
    private let data: String

    /// Starts both, with an unlocked default collection, or without one, as for a new user. `data`: another directory
    /// for the keyring's files. A collection without a password is a plain key file, and locked until a program unlocks
    /// it.
    public init(hasCollection: Bool = true, hasPassword: Bool = true, data: String? = nil) async throws {
        files = try TemporaryDirectory()
        self.data = data ?? files.path + "/data"
        password = hasPassword ? "a password of tests" : nil
        for name in ["run", "data", "home"] { try files.directory(name) }
        if !hasPassword {
            try files.directory("data/keyrings")
            try files.file("data/keyrings/default", "plain")
            try files.file(
                "data/keyrings/plain.keyring",
                "[keyring]\ndisplay-name=plain\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n")
        }
        try await startBus()
        if hasCollection { try await startProvider() } else { try await startEmptyProvider() }
    }

    /// The variables that lead to the bus and the keyring, without the tester's.
    public var environment: [String: String] {
        ChildProcess.programEnvironment.merging([
            "HOME": files.path + "/home",
            "XDG_RUNTIME_DIR": files.path + "/run",
            "XDG_DATA_HOME": data,
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(files.path)/run/bus",
        ]) { $1 }
    }

    public func startBus() async throws {
        let bus = try await PrivateBus(socket: files.path + "/run/bus", files: files)
        state.withLock { $0.bus = bus }
    }

    public func killBus() async { await state.withLock { $0.bus.take() }?.kill() }

    /// Starts gnome-keyring and unlocks it. The bus shows whether that worked; the program's exit code does not.
    public func startProvider() async throws {
        guard let password else { return try await startEmptyProvider() }
        let program = try MissingProgram.require("gnome-keyring-daemon", package: "gnome-keyring")
        let provider = try ChildProcess(
            program, ["--foreground", "--unlock", "--components=secrets"], environment: environment, input: password
        )
        state.withLock { $0.provider = provider }
        try await eventually("gnome-keyring does not unlock: \(provider.errorsSoFar)") {
            try await self.isLocked() == false
        }
    }

    private func startEmptyProvider() async throws {
        let program = try MissingProgram.require("gnome-keyring-daemon", package: "gnome-keyring")
        let provider = try ChildProcess(program, ["--foreground", "--components=secrets"], environment: environment)
        state.withLock { $0.provider = provider }
        try await eventually("gnome-keyring does not start: \(provider.errorsSoFar)") {
            guard await self.hasOwner() == true else { return false }
            // A collection without a password is created first, and gets its alias a moment later.
            if self.password != nil { return true }
            return try await self.isLocked() != nil
        }
    }

    /// Whether the Secret Service has an owner; `nil` if the bus does not reply.
    private func hasOwner() async -> Bool? {
        let reply = try? await call(
            "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "org.freedesktop.secrets",
            to: "org.freedesktop.DBus"
        )
        return reply.flatMap { $0.contains("true") ? true : $0.contains("false") ? false : nil }
    }

    public func stopProvider() { state.withLock { $0.provider }?.signal(SIGSTOP) }
    public func resumeProvider() { state.withLock { $0.provider }?.signal(SIGCONT) }

    public func killProvider() async {
        let provider = state.withLock { $0.provider.take() }
        provider?.signal(SIGKILL)
        _ = await provider?.result()
        await eventually { await self.hasOwner() == false }
    }

    /// Makes another collection the default, and locks the one with the items.
    public func lockElsewhere() async throws {
        let (secrets, service) = ("/org/freedesktop/secrets", "org.freedesktop.Secret.Service")
        _ = try await call(
            secrets, service + ".SetAlias", "default", "objectpath '\(secrets)/collection/session'")
        _ = try await call(secrets, service + ".Lock", "[objectpath '\(secrets)/collection/login']")
        try await eventually("the default collection is locked as well") { try await self.isLocked() == false }
    }

    public func lock() async throws {
        _ = try await call(
            "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
            "[objectpath '/org/freedesktop/secrets/aliases/default']"
        )
        try await eventually { try await self.isLocked() == true }
    }

    /// The labels of all items, as a keyring manager shows them.
    public func labels() async throws -> [String] {
        let reply = try await call(
            "/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get",
            "org.freedesktop.Secret.Collection", "Items"
        )
        var labels: [String] = []
        for part in reply.split(separator: "'") where part.hasPrefix("/org/freedesktop/secrets/") {
            let label = try await call(
                String(part), "org.freedesktop.DBus.Properties.Get", "org.freedesktop.Secret.Item", "Label"
            )
            labels.append(label)
        }
        return labels
    }

    /// The refresh token in an account's record, read as any program of the same user could.
    public func refreshToken(of account: String) async throws -> String? {
        let secretTool = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        let record = try await ChildProcess.run(
            secretTool, ["lookup", "application", "authagent", "account", account, "purpose", "login"],
            environment: environment
        ).output
        return try Self.refreshToken(in: record)
    }

    /// The well-known names on the bus.
    public func busNames() async throws -> [String] {
        let reply = try await call(
            "/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames", to: "org.freedesktop.DBus")
        return reply.split(separator: "'").map(String.init).filter { $0.contains(".") && !$0.hasPrefix(":") }.sorted()
    }

    /// `nil` if there is no reply or no default collection yet: a keyring that starts sets the alias a moment after it
    /// has created the collection.
    private func isLocked() async throws -> Bool? {
        let alias = try await call(
            "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias", "default")
        guard alias.contains("/collection/") else { return nil }
        let reply = try await call(
            "/org/freedesktop/secrets/aliases/default", "org.freedesktop.DBus.Properties.Get",
            "org.freedesktop.Secret.Collection", "Locked"
        )
        return reply.contains("true") ? true : reply.contains("false") ? false : nil
    }

    /// Calls a method on the private bus; returns gdbus' output, empty on failure.
    private func call(
        _ path: String, _ method: String, _ arguments: String..., to service: String = "org.freedesktop.secrets"
    ) async throws -> String {
        let gdbus = try MissingProgram.require("gdbus", package: "libglib2.0-bin")
        return try await ChildProcess.run(
            gdbus,
            ["call", "--session", "--dest", service, "--object-path", path, "--method", method, "--"] + arguments,
            environment: environment
        ).output
    }
}

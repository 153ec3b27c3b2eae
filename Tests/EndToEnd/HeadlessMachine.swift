import Foundation
import Synchronization
import TestSupport
import Testing

/// A user's session without a desktop: a bus, and `authagent-keyring.service` as systemd would start it.
final class HeadlessMachine: Sendable {
    struct StartedUnit {
        let main: ChildProcess
        /// The result of ExecStartPost=; `nil` if the main process ended before that.
        let check: ChildProcess.Result?
    }

    let files: TemporaryDirectory
    let environment: [String: String]
    private let unit: UnitFile
    private let running = Mutex<(bus: PrivateBus?, keyring: ChildProcess?)>((nil, nil))

    init() async throws {
        files = try TemporaryDirectory()
        unit = try UnitFile("authagent-keyring.service")
        for name in ["run", "home"] { try files.directory(name) }
        environment = ChildProcess.programEnvironment.merging([
            "HOME": files.path + "/home", "XDG_RUNTIME_DIR": files.path + "/run",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(files.path)/run/bus",
        ]) { $1 }
        try await boot()
    }

    /// Starts a new bus only.
    func boot() async throws {
        let bus = try await PrivateBus(socket: files.path + "/run/bus", files: files)
        running.withLock { $0.bus = bus }
    }

    /// Kills everything, as a power cut does.
    func losePower() async {
        let (bus, keyring) = running.withLock { ($0.bus.take(), $0.keyring.take()) }
        keyring?.signal(SIGKILL)
        _ = await keyring?.result()
        await bus?.kill()
    }

    /// Starts the unit with a password as its credential, or without one, and waits for its name on the bus (Type=dbus).
    func startKeyring(password: String?) async throws -> StartedUnit {
        let credentials = files.path + "/credentials"
        try? FileManager.default.removeItem(atPath: credentials)
        try files.directory("credentials")
        if let password { try files.file("credentials/" + unit.value("LoadCredential"), password, mode: 0o400) }
        let all = environment.merging(["CREDENTIALS_DIRECTORY": credentials]) { $1 }
        let start = try unit.command("ExecStart")
        let main = try ChildProcess(start.program, start.arguments, environment: all)
        running.withLock { $0.keyring = main }
        let name = try unit.value("BusName")
        try await eventually("\(name) does not appear: \(main.errorsSoFar)") {
            try await self.owner(of: name) == main.pid || !main.isRunning
        }
        guard main.isRunning else { return StartedUnit(main: main, check: nil) }
        let check = try unit.command("ExecStartPost")
        return StartedUnit(
            main: main, check: try await ChildProcess.run(check.program, check.arguments, environment: all)
        )
    }

    /// Starts a locked keyring, as D-Bus activation does for a program that needs one early.
    func startLockedKeyring() async throws -> ChildProcess {
        let program = try MissingProgram.require("gnome-keyring-daemon", package: "gnome-keyring")
        let keyring = try ChildProcess(
            program, ["--start", "--foreground", "--components=secrets"], environment: environment
        )
        try await eventually { try await self.owner(of: "org.freedesktop.secrets") == keyring.pid }
        return keyring
    }

    /// Returns the process that owns a name on the bus.
    private func owner(of name: String) async throws -> Int32? {
        let gdbus = try MissingProgram.require("gdbus", package: "libglib2.0-bin")
        let reply = try await ChildProcess.run(
            gdbus,
            [
                "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus",
                "--method", "org.freedesktop.DBus.GetConnectionUnixProcessID", name,
            ], environment: environment
        ).output
        // (uint32 4711,)
        return reply.split(whereSeparator: { !$0.isNumber }).last.flatMap { Int32($0) }
    }
}

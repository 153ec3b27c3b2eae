import AgentAPI
import Foundation
import TestSupport
import Testing

/// An agent that cron or another user's shell starts. These tests need root, for a /run of their own.
@Suite(.timeLimit(.minutes(5)))
struct OwnBusTests {
    let keyring: PrivateKeyring
    let home: AgentHome

    init() async throws {
        try #require(getuid() == 0, "these tests mount a directory, which only root can")
        keyring = try await PrivateKeyring()
        home = try AgentHome()
    }

    /// Returns doctor's bus check where /run/user/0/bus is the keyring's bus.
    private func doctor(_ changes: [String: String]) async throws -> DoctorReport {
        let bus = try #require(keyring.environment["DBUS_SESSION_BUS_ADDRESS"]?.split(separator: "=").last)
        let script = """
            mount -t tmpfs none /run && mkdir -p -m 700 /run/user/0 && : >/run/user/0/bus || exit 99
            mount --bind "$1" /run/user/0/bus && exec "$2" doctor --json
            """
        let command = try await MountNamespace.command()
        var environment = home.environment
        environment["DBUS_SESSION_BUS_ADDRESS"] = nil
        environment["XDG_RUNTIME_DIR"] = nil
        let result = try await ChildProcess.run(
            command[0],
            command.dropFirst() + ["/bin/sh", "-c", script, "sh", String(bus), try home.program("authagent")],
            environment: environment.merging(changes) { $1 })
        return try APIJSON.decode(DoctorReport.self, from: result.output.utf8)
    }

    @Test(
        "if the variables name no bus, or one that has ended, the bus in /run/user is used",
        arguments: [
            [:], ["DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"], ["XDG_RUNTIME_DIR": "/nonexistent"],
        ])
    func own(changes: [String: String]) async throws {
        let report = try await doctor(changes)
        let bus = try #require(report.checks.first { $0.id == .keyringBus })
        #expect(bus.state == .ok, "\(report)")
    }

    @Test(
        "a value that names no bus is respected and named, and its removal repairs it",
        arguments: ["disabled:", "/dev/null", "autolaunch:"])
    func disabled(value: String) async throws {
        let report = try await doctor(["DBUS_SESSION_BUS_ADDRESS": value])
        let bus = try #require(report.checks.first { $0.id == .keyringBus })
        #expect(bus.state != .ok)
        #expect(bus.detail.contains("DBUS_SESSION_BUS_ADDRESS=\(value)"), "\(bus)")
        #expect(bus.hint?.contains("unset DBUS_SESSION_BUS_ADDRESS") == true, "\(bus)")
    }

    @Test("a mounted socket file of an agent that has ended is reported, with the directory to mount instead")
    func mountedSocket() async throws {
        let script = """
            mkdir -m 700 "$1/c" && : >"$1/c/agent.sock" && "$2" start >/dev/null || exit 99
            mount --bind "$AUTHAGENT_SOCK" "$1/c/agent.sock" && "$2" stop >/dev/null || exit 98
            AUTHAGENT_SOCK="$1/c/agent.sock" exec "$2" status
            """
        let command = try await MountNamespace.command()
        let result = try await ChildProcess.run(
            command[0],
            command.dropFirst() + ["/bin/sh", "-c", script, "sh", home.files.path, try home.program("authagent")],
            environment: home.environment)
        #expect(result.status == 4, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("is the mounted socket file of an agent that has ended"), "\(result.errors)")
        #expect(result.errors.contains("mount the directory"), "\(result.errors)")
    }
}

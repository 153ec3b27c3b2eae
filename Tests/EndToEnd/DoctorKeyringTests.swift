import AgentAPI
import Foundation
import TestSupport
import Testing

/// `authagent doctor` with each fault of a real keyring.
@Suite(.timeLimit(.minutes(5)))
struct DoctorKeyringTests {
    /// Expects one keyring problem, with or without an agent.
    private func expect(
        _ home: AgentHome, _ id: DoctorCheck.ID, _ detail: String, hint: String,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await home.doctor(location)
        #expect(report.problems.map(\.id) == [id], "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.detail.hasPrefix(detail) == true, "\(report)", sourceLocation: location)
        #expect(report.problems.first?.hint?.contains(hint) == true, "\(report)", sourceLocation: location)
    }

    @Test("no session bus, and the stale address of one")
    func noBus() async throws {
        try await expect(try AgentHome(), .keyringBus, "no_bus: there is no session bus", hint: "dbus-run-session")
        let stale = try AgentHome(changes: ["DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"])
        try await expect(stale, .keyringBus, "no_bus: cannot connect to the session bus", hint: "dbus-run-session")
        let keyring = try await PrivateKeyring()
        let home = try AgentHome(keyring: keyring)
        try await home.authagent("start")
        await keyring.killBus()
        try await expect(home, .keyringBus, "no_bus", hint: "dbus-run-session")
    }

    @Test("a bus without a keyring, and a keyring that was killed", arguments: [true, false])
    func noProvider(hasAgent: Bool) async throws {
        let keyring = try await PrivateKeyring()
        let home = try AgentHome(keyring: keyring)
        if hasAgent { try await home.authagent("start") }
        await keyring.killProvider()
        let command = "gnome-keyring-daemon --unlock --components=secrets"
        try await expect(home, .keyringState, "no_provider: no keyring is running", hint: command)
        try await keyring.startProvider()
        #expect(try await home.doctor().problems.isEmpty)
    }

    @Test("a keyring without a default collection")
    func noCollection() async throws {
        let home = try AgentHome(keyring: try await PrivateKeyring(hasCollection: false))
        try await expect(
            home, .keyringCollection, "the keyring has no default collection", hint: "--replace --unlock")
    }

    @Test("a locked keyring", arguments: [true, false])
    func locked(hasAgent: Bool) async throws {
        let keyring = try await PrivateKeyring()
        let home = try AgentHome(keyring: keyring)
        if hasAgent { try await home.authagent("start") }
        try await keyring.lock()
        try await expect(home, .keyringState, "locked: the keyring is locked", hint: "--replace --unlock")
    }

    @Test("a stopped keyring is reported as hung, and delays doctor by its own deadline only")
    func hung() async throws {
        let keyring = try await PrivateKeyring()
        let home = try AgentHome(keyring: keyring)
        keyring.stopProvider()
        try await expect(home, .keyringState, "hung: the keyring did not answer within", hint: "pkill -KILL")
        keyring.resumeProvider()
        try await eventually { try await home.doctor().problems.isEmpty }
    }

    @Test("if every account is in memory, a missing keyring is only a warning")
    func unused() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let report = try await demo.home.doctor()
        #expect(report.problems.isEmpty, "\(report.problems)")
        #expect(report[.keyringBus].map(\.state) == [.warning])
    }

    @Test("doctor starts no service on the bus by looking for it")
    func activatesNothing() async throws {
        let files = try TemporaryDirectory()
        let marker = files.path + "/started"
        let bus = try await PrivateBus(
            socket: files.path + "/bus", files: files,
            activatable: ["org.freedesktop.secrets": "/usr/bin/touch \(marker)"]
        )
        let home = try AgentHome(changes: ["DBUS_SESSION_BUS_ADDRESS": bus.address])
        try await expect(home, .keyringState, "no_provider", hint: "gnome-keyring-daemon")
        #expect(!FileManager.default.fileExists(atPath: marker))
        // Proves the set-up: a call of another client does start the service.
        let gdbus = try MissingProgram.require("gdbus", package: "libglib2.0-bin")
        let question = try ChildProcess(
            gdbus,
            [
                "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path", "/", "--method",
                "org.freedesktop.DBus.Peer.Ping",
            ],
            environment: home.environment
        )
        await eventually { FileManager.default.fileExists(atPath: marker) }
        question.signal(SIGKILL)
        await bus.kill()
    }
}

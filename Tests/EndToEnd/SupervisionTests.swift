import AgentAPI
import Foundation
import Synchronization
import TestSupport
import Testing

/// The daemon with systemd's socket and notification protocols.
@Suite(.timeLimit(.minutes(5)))
struct SupervisionTests {
    @Test("the daemon serves the socket that systemd passes")
    func activation() async throws {
        let home = try AgentHome()
        let activate = try MissingProgram.require("systemd-socket-activate", package: "systemd")
        let names = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "AUTHAGENT_SYSTEM_CONFIG"]
        let passedOn = names.flatMap { name in home.environment[name].map { ["-E", "\(name)=\($0)"] } ?? [] }
        // Another path than the daemon's default.
        let socket = home.files.path + "/activated.sock"
        let listener = try ChildProcess(
            activate, ["-l", socket] + passedOn + [try BuildProducts.path("authagentd")],
            environment: ChildProcess.programEnvironment, input: nil
        )
        await eventually { FileManager.default.fileExists(atPath: socket) }
        let client = try ChildProcess(
            try BuildProducts.path("authagent"), ["status", "--json"],
            environment: home.environment.merging(["AUTHAGENT_SOCK": socket]) { $1 }
        )
        let result = await client.result()
        #expect(result.status == 0, "\(result.errors)\(listener.errorsSoFar)")
        let agent = try APIJSON.decode(StatusReport.self, from: result.output.utf8).agent
        #expect(agent.socket == socket)
        // systemd-socket-activate executes the daemon, so an agent started by the client would have another pid.
        #expect(agent.pid == listener.pid)
        listener.signal(SIGTERM)
        #expect(await listener.result().status == 0)
        // systemd owns the socket, so the daemon must not remove it.
        #expect(FileManager.default.fileExists(atPath: socket))
    }

    @Test("the socket that systemd names 'credential' serves credentials, to its manager alone, and no HTTP")
    func credentials() async throws {
        let home = try AgentHome()
        let activate = try MissingProgram.require("systemd-socket-activate", package: "systemd")
        let names = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "AUTHAGENT_SYSTEM_CONFIG"]
        let passedOn = names.flatMap { name in home.environment[name].map { ["-E", "\(name)=\($0)"] } ?? [] }
        let (socket, credential) = (home.files.path + "/activated.sock", home.files.path + "/credential.sock")
        let audit = home.files.path + "/audit.log"
        let listener = try ChildProcess(
            activate,
            ["-l", credential, "-l", socket, "--fdname=credential:api"] + passedOn
                + [try BuildProducts.path("authagentd"), "--audit-file", audit],
            environment: ChildProcess.programEnvironment, input: nil
        )
        await eventually { FileManager.default.fileExists(atPath: socket) }
        let client = try ChildProcess(
            try BuildProducts.path("authagent"), ["status", "--json"],
            environment: home.environment.merging(["AUTHAGENT_SOCK": socket]) { $1 }
        )
        let result = await client.result()
        #expect(result.status == 0, "\(result.errors)\(listener.errorsSoFar)")
        #expect(try APIJSON.decode(StatusReport.self, from: result.output.utf8).agent.socket == socket)
        // This process is not in the control group of the unit that it claims to load a credential for.
        let refused = await CredentialClient.read(credential, as: "f00/unit/none-such.service/api")
        #expect(refused?.count == 1024 * 1024 + 1 && refused?.allSatisfy { $0 == 10 } == true)
        #expect(await CredentialClient.read(credential, as: nil)?.count == 1024 * 1024 + 1)
        await eventually {
            (try? String(contentsOfFile: audit, encoding: .utf8))?
                .components(separatedBy: "\"reason\":\"not_a_manager\"").count == 3
        }
        listener.signal(SIGTERM)
        #expect(await listener.result().status == 0)
    }

    @Test("a descriptor that is not a listening socket is refused")
    func wrongDescriptor() async throws {
        let home = try AgentHome()
        let shell = try ChildProcess(
            "/bin/sh",
            ["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" 3</dev/null", try BuildProducts.path("authagentd")],
            environment: home.environment
        )
        let result = await shell.result()
        #expect(result.status == 1)
        #expect(result.errors.contains("authagentd: error: descriptor 3 is not a listening Unix socket"))
        #expect(result.errors.contains("authagentd: hint: check ListenStream= in authagent.socket"))
    }

    @Test("the daemon reports to systemd that it is ready, alive, and stopping")
    func notifications() async throws {
        let files = try TemporaryDirectory()
        let inbox = try NotificationInbox(files.path + "/notify")
        let home = try AgentHome(changes: ["NOTIFY_SOCKET": inbox.path, "WATCHDOG_USEC": "100000"])
        let daemon = try await home.daemon()
        await eventually { inbox.messages.contains("READY=1") }
        await eventually { inbox.messages.count { $0 == "WATCHDOG=1" } >= 3 }
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
        await eventually { inbox.messages.contains("STOPPING=1") }
    }
}

/// A receiver of sd_notify(3) messages.
private final class NotificationInbox: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
    }

    deinit { close(descriptor) }

    private let seen = Seen()

    /// The messages received so far.
    var messages: [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            seen.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
        return seen.all
    }

    private final class Seen: Sendable {
        private let texts = Mutex<[String]>([])
        func append(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }
}

import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent doctor` with the real programs, with and without an agent.
@Suite(.timeLimit(.minutes(5)))
struct DoctorTests {
    @Test("a healthy home has no problem and a line for each check, with and without an agent")
    func healthy() async throws {
        let demo = try await DemoLogin(keyring: try await PrivateKeyring())
        try await demo.logIn()
        let running = try await demo.home.doctor()
        #expect(running.problems.isEmpty, "\(running.problems)")
        for id in [.agentRunning, .agentVersion, .agentProgram, .keyringBus, .keyringState, .keyringCollection]
            as [DoctorCheck.ID]
        {
            #expect(running[id].map(\.state) == [.ok], "\(running)")
        }
        #expect(running[.accountEndpoints].map(\.account?.description) == ["work"])
        try await demo.home.authagent("stop")
        let alone = try await demo.home.doctor()
        #expect(alone.problems.isEmpty, "\(alone.problems)")
        #expect(alone[.agentRunning].first?.detail.hasPrefix("the agent is not running") == true)
        #expect(demo.home.daemonPID == nil)

        let table = try await demo.home.authagent("doctor")
        #expect(table.status == 0)
        let lines = table.lines.filter { !$0.hasPrefix("  hint: ") }
        #expect(lines.count == alone.checks.count, "\(table.output)")
        #expect(lines.allSatisfy { line in ["ok ", "warning "].contains { line.hasPrefix($0) } }, "\(table.output)")
    }

    @Test("doctor changes nothing and starts nothing: in a home, in an empty home, and on the bus")
    func changesNothing() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        let empty = try demo.home.files.tree()
        _ = try await demo.home.doctor()
        #expect(try demo.home.files.tree() == empty)

        try await demo.logIn()
        for hasAgent in [true, false] {
            if !hasAgent { await demo.home.killDaemon() }
            let (tree, names) = (try demo.home.files.tree(), try await keyring.busNames())
            let pid = demo.home.daemonPID
            _ = try await demo.home.doctor()
            #expect(try demo.home.files.tree() == tree)
            #expect(try await keyring.busNames() == names)
            #expect(demo.home.daemonPID == pid)
        }
        // Doctor requests only metadata.
        #expect(demo.issuer.log.count { $0.endpoint == .device } == 1)
    }

    @Test("doctor does not connect to a socket of systemd, which would start the agent")
    func activation() async throws {
        let home = try AgentHome()
        let activate = try MissingProgram.require("systemd-socket-activate", package: "systemd")
        let listener = try ChildProcess(
            activate, ["-l", home.socket, "/bin/true"], environment: ChildProcess.programEnvironment, input: nil)
        await eventually { FileManager.default.fileExists(atPath: home.socket) }
        let report = try await home.doctor()
        #expect(report[.agentRunning].first?.detail.contains("systemd, at \(home.socket)") == true, "\(report)")
        #expect(listener.isRunning)
        // Proves the set-up: a connection does start the agent.
        _ = try await home.exchange([])
        #expect(await listener.result().status == 0)
    }

    @Test("a socket directory that others may enter: no agent starts, and the hint has the command")
    func looseDirectory() async throws {
        let home = try AgentHome()
        #expect(chmod(home.files.path + "/run", 0o755) == 0)
        let report = try await home.doctor()
        #expect(report[.agentSocket].first?.hint == "run 'chmod 700 \(home.files.path)/run'")
        #expect(report[.agentSocket].map(\.state) == [.problem])
        // The agent's checks run nevertheless.
        #expect(!report[.journalWaiting].isEmpty)
    }

    @Test("settings with which no agent starts are named")
    func wrongSettings() async throws {
        let home = try AgentHome()
        try home.files.directory("config/authagent")
        let path = try home.files.file("config/authagent/authagent.toml", "log_levle = \"info\"\n")
        let check = try #require(try await home.doctor()[.filesSettings].first)
        #expect(check.detail == "\(path):1: unknown key 'log_levle'")
        #expect(check.hint == "did you mean 'log_level'?")
    }

    @Test("an agent of another version is reported, and one without this route hides no check")
    func staleVersion() async throws {
        let home = try AgentHome()
        let agent = try await OldAgent(home)
        let report = try await home.doctor()
        let check = try #require(report[.agentVersion].first)
        #expect(check.state == .warning)
        #expect(check.detail == "the running agent is 0.0.1, installed is \(agentVersion)")
        #expect(check.hint?.contains("authagent stop") == true)
        #expect(!report[.journalWaiting].isEmpty)
        agent.end()
    }

    @Test("an agent whose program was replaced is reported as the old one")
    func replacedProgram() async throws {
        let home = try AgentHome()
        let programs = try home.files.directory("programs")
        for name in ["authagentd", "authagent-keyring"] {
            // Copied by another process: a child of this one could inherit the file open for writing (ETXTBSY).
            let copy = try await ChildProcess.run("/bin/cp", [try BuildProducts.path(name), programs])
            try #require(copy.status == 0, "\(copy.errors)")
        }
        let daemon = try ChildProcess("\(programs)/authagentd", environment: home.environment, input: nil)
        await eventually { daemon.errorsSoFar.contains("serving") }
        #expect(try await home.doctor()[.agentProgram].map(\.state) == [.ok])
        try FileManager.default.removeItem(atPath: "\(programs)/authagentd")
        let check = try #require(try await home.doctor()[.agentProgram].first)
        #expect(check.state == .warning)
        #expect(check.detail.contains("\(programs)/authagentd was replaced"))
    }

    @Test("an agent that hangs is a problem, and all other checks run without it")
    func hangingAgent() async throws {
        let home = try AgentHome()
        let daemon = try await home.daemon()
        daemon.signal(SIGSTOP)
        let report = try await home.doctor()
        #expect(report[.agentRunning].first?.detail == "the agent did not answer in time")
        #expect(!report[.journalWaiting].isEmpty)
        daemon.signal(SIGCONT)
    }

    @Test("an unreadable or invalid account file is named, and the others are checked")
    func accountFiles() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try demo.home.account("bad", "issuer = \"\(demo.issuer.issuer)\"", "scoops = []")
        try demo.home.account("loose", "issuer = \"\(demo.issuer.issuer)\"", "store = \"memory\"")
        let loose = demo.home.accountFiles + "/loose.toml"
        #expect(chmod(loose, 0o666) == 0)
        let report = try await demo.home.doctor()
        let problems = report.problems.filter { $0.id == .accountFile }
        #expect(problems.map(\.account?.description) == ["bad", "loose"])
        #expect(problems.first?.hint == "did you mean 'scopes'?")
        #expect(problems.last?.hint == "run 'chmod go-w \(loose)'")
        #expect(report[.accountEndpoints].map(\.account?.description) == ["work"])
    }

    @Test("journal entries of a dead agent are reported with their account")
    func journal() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        try await demo.tokenExpires()
        keyring.stopProvider()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await demo.home.killDaemon()
        await keyring.killProvider()
        try await keyring.startProvider()
        var report = try await demo.home.doctor()
        #expect(report[.journalWaiting].map(\.state) == [.warning])
        #expect(report[.journalWaiting].first?.account?.description == "work")
        #expect(report[.journalWaiting].first?.detail.hasPrefix("a new refresh token waits for its store") == true)
        #expect(report[.journalWaiting].first?.hint?.contains("authagent token work") == true)

        let file = demo.home.accountFiles + "/work.toml"
        try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
        report = try await demo.home.doctor()
        #expect(report[.journalOrphaned].map(\.account?.description) == ["work"])
        try FileManager.default.moveItem(atPath: file + ".away", toPath: file)

        // The hint works.
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await eventually { try await demo.home.doctor()[.journalWaiting].map(\.state) == [.ok] }
    }
}

extension TemporaryDirectory {
    /// Files with type, mode, size and modification time.
    fileprivate func tree() throws -> [String] {
        // A running agent writes its log.
        let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
            .filter { !$0.hasSuffix("/authagentd.log") }
        return names.compactMap { name in
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0 else { return nil }
            let changed = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ctim.tv_nsec)"
            return "\(name) \(status.st_mode) \(status.st_size) \(status.st_ino) \(changed)"
        }
    }
}

/// A stand-in for an agent of another version, which has only `/v1/health`.
private final class OldAgent: Sendable {
    private let listener: Int32
    private let lock: ChildProcess

    init(_ home: AgentHome) async throws {
        try home.files.directory("state/authagent")
        let file = try home.files.file("state/authagent/agent.lock", "1\n")
        let flock = try MissingProgram.require("flock", package: "util-linux")
        lock = try ChildProcess(
            flock, ["--no-fork", file, "sh", "-c", "echo held; exec cat"], environment: ChildProcess.programEnvironment,
            input: nil)
        _ = await lock.line(beginning: "held")
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: home.socket.utf8) }
        let listener = listener
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Self.serve(connection)
                close(connection)
            }
            // Closed by the accepting thread: another test's listener could get the number while accept(2) runs.
            close(listener)
        }
    }

    /// Wakes the thread in accept(2); closing the descriptor does not.
    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 {
            let isHealth = String(decoding: buffer.prefix(count), as: UTF8.self).hasPrefix("GET /v1/health ")
            let body =
                isHealth
                ? #"{"pid":1,"socket":"/run/agent.sock","store_state":"ok","version":"0.0.1"}"#
                : #"{"code":"not_found","detail":"no resource at this path"}"#
            let head = "HTTP/1.1 \(isHealth ? "200 OK" : "404 Not Found")\r\nContent-Type: application/json\r\n"
            let reply = Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
            _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
        }
    }
}

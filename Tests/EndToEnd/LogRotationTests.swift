import Foundation
import TestSupport
import Testing

/// Log and audit of a running agent, rotated by the real logrotate.
@Suite(.timeLimit(.minutes(5)))
struct LogRotationTests {
    private let home: AgentHome
    /// Not in the agent's home, which other programs need not change.
    private let state: TemporaryDirectory

    init() throws {
        home = try AgentHome()
        state = try TemporaryDirectory()
    }

    /// Rotates with these settings, whatever the file's age is.
    private func rotate(_ settings: String) async throws {
        let logrotate = try MissingProgram.require("logrotate", package: "logrotate")
        let file = try state.file("settings", settings, mode: 0o644)
        let result = try await ChildProcess.run(logrotate, ["--force", "--state", state.path + "/state", file])
        #expect(result.status == 0, "\(result.errors)")
    }

    /// The packaged settings for another file and an agent without a unit.
    private func packaged(_ path: String, _ pid: Int32) throws -> String {
        let text = try String(contentsOfFile: Repository.path("packaging/logrotate/authagent"), encoding: .utf8)
        let user = try #require(getpwuid(getuid())), group = try #require(getgrgid(getgid()))
        let own = text.replacing("/var/log/authagent/audit.log {", with: "\(path) {")
            .replacing(
                "su authagent authagent",
                with: "su \(String(cString: user.pointee.pw_name)) \(String(cString: group.pointee.gr_name))"
            )
            .replacing("systemctl --quiet is-active authagent.service", with: "true")
            .replacing(
                "systemctl kill --signal=HUP --kill-whom=main authagent.service", with: "kill -HUP \(pid)")
        try #require(!own.contains("systemctl") && own.contains(path) && own.contains("kill -HUP"))
        return own
    }

    private func requests(_ count: Int) throws -> ChildProcess {
        let curl = try MissingProgram.require("curl", package: "curl")
        return try ChildProcess(
            curl,
            [
                "-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "--unix-socket", home.socket,
                "http://localhost/v1/accounts/ghost/token?min_valid=[1-\(count)]",
            ], environment: ChildProcess.programEnvironment)
    }

    /// The lines of the file and of what was rotated away, oldest first; each must be an object.
    private func lines(_ path: String) async throws -> [[String: Any]] {
        let zcat = try MissingProgram.require("zcat", package: "gzip")
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).map { directory + "/" + $0 }
            .filter { $0.hasPrefix(path) }
        let text = try await ChildProcess.run(zcat, ["-f"] + names)
        return try text.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func inode(_ path: String) -> UInt64? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.systemFileNumber] as? UInt64
    }

    @Test("the packaged settings rotate an audit in use: no line is lost, and none reaches an old file later")
    func packagedSettings() async throws {
        let path = try home.files.directory("audit") + "/audit.log"
        let daemon = try await home.daemon("--audit-file", path)
        // logrotate leaves an empty file alone.
        func hasLines() -> Bool { (try? Data(contentsOf: URL(fileURLWithPath: path)))?.isEmpty == false }
        for number in 1...4 {
            let old = try #require(inode(path))
            let load = try requests(800)
            await eventually { hasLines() }
            try await rotate(try packaged(path, daemon.pid))
            await eventually("the file is not opened again") { inode(path).map { $0 != old } ?? false }
            #expect(await load.result().lines.filter { $0 == "404" }.count == 800)
            try await eventually { try await lines(path).count >= 800 * number }
        }
        // What was rotated twice is compressed, and a late line would be lost.
        #expect(try await lines(path).count == 3200)
        #expect(try mode(path) == 0o600)
        #expect(try mode(path + ".1") == 0o600)
        #expect(try mode(path + ".2.gz") == 0o600)
        #expect(!daemon.errorsSoFar.contains("audit"), "\(daemon.errorsSoFar)")
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
    }

    @Test("logrotate creates the new file, or copies and truncates: the modes stay, and each line is whole")
    func otherWays() async throws {
        let path = try home.files.directory("audit") + "/audit.log"
        let daemon = try await home.daemon("--audit-file", path)
        #expect(await (try requests(50)).result().lines.count == 50)
        try await eventually { try await lines(path).count == 50 }
        try await rotate("\(path) {\nrotate 5\ncreate 0600\npostrotate\nkill -HUP \(daemon.pid)\nendscript\n}\n")
        let created = try #require(inode(path))
        await eventually { daemon.errorsSoFar.contains("configuration read again") }
        #expect(await (try requests(50)).result().lines.count == 50)
        try await eventually { try await lines(path).count == 100 }
        #expect(inode(path) == created)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 50)
        try await rotate("\(path) {\nrotate 5\ncopytruncate\n}\n")
        #expect(inode(path) == created)
        #expect(await (try requests(50)).result().lines.count == 50)
        try await eventually { try await lines(path).count == 150 }
        // No hole of zeros where the old lines were.
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("{"))
        for file in [path, path + ".1", path + ".2"] { #expect(try mode(file) == 0o600) }
        daemon.signal(SIGTERM)
    }

    @Test("the audit is opened again also while the configuration is refused")
    func refusedConfiguration() async throws {
        let path = try home.files.directory("audit") + "/audit.log"
        let daemon = try await home.daemon("--audit-file", path)
        try home.files.directory("config/authagent")
        try home.files.file("config/authagent/authagent.toml", "log_levle = \"info\"\n")
        #expect(await (try requests(5)).result().lines.count == 5)
        try await eventually { try await lines(path).count == 5 }
        let old = try #require(inode(path))
        try await rotate(try packaged(path, daemon.pid))
        await eventually { inode(path).map { $0 != old } ?? false }
        #expect(daemon.errorsSoFar.contains("reload refused"), "\(daemon.errorsSoFar)")
        #expect(await (try requests(5)).result().lines.count == 5)
        await eventually {
            (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").count == 5
        }
        // A file that others may read is not taken, and lines go where they went.
        try await rotate("\(path) {\nrotate 5\ncreate 0644\npostrotate\nkill -HUP \(daemon.pid)\nendscript\n}\n")
        await eventually { daemon.errorsSoFar.contains("the audit file cannot be opened again") }
        #expect(daemon.errorsSoFar.contains("chmod 600"), "\(daemon.errorsSoFar)")
        #expect(await (try requests(5)).result().lines.count == 5)
        try await eventually { try await lines(path).count == 15 }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
        daemon.signal(SIGTERM)
    }

    @Test("a full disk is rotated: lines are counted while it is full, and written again with their number")
    func fullDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 64)
        let path = disk.path + "/audit.log"
        let daemon = try ChildProcess(
            disk.enter[0],
            Array(disk.enter.dropFirst()) + [
                try home.program("authagentd"), "--audit-file", disk.inside + "/audit.log",
            ], environment: home.environment, input: nil)
        await eventually("\(daemon.errorsSoFar)") { daemon.errorsSoFar.contains("serving") }
        #expect(await (try requests(5)).result().lines.count == 5)
        await eventually { (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").count == 5 }
        try disk.fill()
        #expect(await (try requests(100)).result().lines.count == 100)
        await eventually { daemon.errorsSoFar.contains("audit lines are lost") }
        try await rotate("\(path) {\nrotate 1\nnocreate\npostrotate\nkill -HUP \(daemon.pid)\nendscript\n}\n")
        await eventually { inode(path) != nil }
        disk.makeRoom()
        #expect(await (try requests(5)).result().lines.count == 5)
        await eventually { daemon.errorsSoFar.contains("audit lines are written again") }
        func newLines() throws -> [Substring] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        }
        // More if some of the hundred were still on their way.
        try await eventually { try newLines().count >= 6 }
        let lines = try newLines()
        #expect(lines.first?.contains("\"lost\":") == true, "\(lines)")
        #expect(try mode(path) == 0o600)
        daemon.signal(SIGTERM)
    }

    @Test("the own log of an agent that the client started is rotated by logrotate, too")
    func ownLog() async throws {
        try await home.authagent("start")
        let log = home.files.path + "/state/authagent/authagentd.log"
        let pid = try #require(home.daemonPID)
        let reopens = "postrotate\nkill -HUP \(pid)\nendscript\n"
        for (settings, rotated) in [("nocreate\n" + reopens, 1), ("create 0600\n" + reopens, 2), ("copytruncate\n", 3)]
        {
            try await rotate("\(log) {\nrotate 9\n\(settings)}\n")
            await eventually("\(settings)") { FileManager.default.fileExists(atPath: log + ".\(rotated)") }
            if rotated < 3 { await eventually("\(settings)") { home.log.contains("configuration read again") } }
            #expect(try await home.authagent("status").status == 0)
            await eventually("\(settings): \(home.log)") { home.log.contains("permission=status") }
            #expect(!home.log.utf8.contains(0))
            #expect(try mode(log) == 0o600)
        }
        // Deleted by hand, without a signal.
        #expect(unlink(log) == 0)
        #expect(try await home.authagent("status").status == 0)
        await eventually { home.log.contains("permission=status") }
        #expect(try mode(log) == 0o600)
    }
}

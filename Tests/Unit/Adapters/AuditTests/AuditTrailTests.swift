import Audit
import Foundation
import Logging
import Policy
import Synchronization
import System
import TestSupport
import Testing

/// The audit file, with real files and a real small disk.
@Suite(.timeLimit(.minutes(10)))
struct AuditTrailTests {
    let files: TemporaryDirectory
    let path: String
    let log = LogKeeper()

    init() throws {
        files = try TemporaryDirectory()
        path = files.path + "/audit.log"
    }

    private func trail() -> AuditTrail { AuditTrail(owner: 1000, logger: log.logger, log: { _ in }) }

    private func lines(_ path: String) -> [Substring] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    private func write(_ trail: AuditTrail, rule: Int = 1) {
        trail.record(AuditLineTests.record(rule: rule))
        trail.flush(within: .seconds(20))
    }

    @Test("the file is created with mode 0600, and each record is appended as one line")
    func content() throws {
        let trail = trail()
        try files.file("audit.log", "earlier\n")
        try trail.open(path)
        for rule in 1...500 { trail.record(AuditLineTests.record(rule: rule)) }
        trail.flush(within: .seconds(20))
        let lines = lines(path)
        #expect(lines.count == 501)
        #expect(lines[0] == "earlier")
        for (index, line) in lines.dropFirst().enumerated() { #expect(line.hasSuffix("\"rule\":\(index + 1)}")) }
        try FileManager.default.removeItem(atPath: path)
        try trail.open(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("a record does not wait for the write: it is in the file a moment later")
    func later() async throws {
        let trail = trail()
        try trail.open(path)
        trail.record(AuditLineTests.record())
        await eventually { lines(path).count == 1 }
    }

    @Test("after a rename and a reopen, lines go to the new file, and none is lost")
    func rotation() throws {
        let trail = trail()
        try trail.open(path)
        write(trail, rule: 1)
        #expect(rename(path, path + ".1") == 0)
        write(trail, rule: 2)
        try trail.open(path)
        write(trail, rule: 3)
        #expect(lines(path + ".1").count == 2)
        #expect(lines(path).count == 1)
        #expect(log.lines.isEmpty)
    }

    @Test("reopened repeatedly during writes, no line is lost")
    func rotationUnderLoad() throws {
        let trail = trail()
        try trail.open(path)
        for rule in 1...2000 {
            trail.record(AuditLineTests.record(rule: rule))
            if rule.isMultiple(of: 200) {
                #expect(rename(path, path + ".\(rule)") == 0)
                try trail.open(path)
            }
        }
        trail.flush(within: .seconds(20))
        let names = try FileManager.default.contentsOfDirectory(atPath: files.path)
        let all = names.flatMap { lines(files.path + "/" + $0) }
        #expect(all.count == 2000)
        #expect(Set(all.map { $0.split(separator: ":").last }).count == 2000)
    }

    @Test("a reload changes the path; a refused path leaves the old one in use")
    func otherPath() throws {
        let trail = trail()
        try trail.open(path)
        #expect(throws: AuditFileFailure.self) { try trail.open(files.path + "/no/such/audit.log") }
        write(trail)
        try trail.open(path + ".other")
        write(trail)
        #expect(lines(path).count == 1)
        #expect(lines(path + ".other").count == 1)
        try trail.open(nil)
        write(trail)
        #expect(lines(path + ".other").count == 1)
    }

    @Test(
        "a link, a readable file, a FIFO, a hard link and a writable directory are refused"
    )
    func refused() throws {
        let trail = trail()
        func refuse(_ path: String, _ hint: String) {
            let error = #expect(throws: AuditFileFailure.self) { try trail.open(path) }
            #expect(error?.hint.contains(hint) == true, "\(error?.hint ?? "")")
            #expect(error?.description.hasPrefix(error?.path ?? "?") == true)
        }
        try files.file("real", "")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: files.path + "/real")
        refuse(path, "replace the symbolic link")
        try files.file("loose", "", mode: 0o640)
        refuse(files.path + "/loose", "chmod 600")
        #expect(mkfifo(files.path + "/fifo", 0o600) == 0)
        refuse(files.path + "/fifo", "ls -ld")
        try files.file("linked", "")
        #expect(link(files.path + "/linked", files.path + "/second") == 0)
        refuse(files.path + "/linked", "other names")
        try files.directory("open")
        #expect(chmod(files.path + "/open", 0o777) == 0)
        refuse(files.path + "/open/audit.log", "chmod go-w")
        refuse(files.path + "/none/audit.log", "install -d")
        #expect(lines(files.path + "/real").isEmpty)
        if getuid() == 0 {
            try files.file("foreign", "")
            #expect(chown(files.path + "/foreign", 65_534, 65_534) == 0)
            refuse(files.path + "/foreign", "name another file")
        }
    }

    @Test("a group-writable directory of root above the file's, such as /var/log, is accepted")
    func groupOfLogs() throws {
        try #require(getuid() == 0, "only root can give a directory to a group")
        let logs = try TemporaryDirectory()
        let own = try logs.directory("authagent")
        #expect(chown(logs.path, 0, 65_534) == 0 && chmod(logs.path, 0o775) == 0 && chmod(own, 0o750) == 0)
        try trail().open(own + "/audit.log")
        #expect(chmod(own, 0o770) == 0)
        #expect(throws: AuditFileFailure.self) { try trail().open(own + "/audit.log") }
    }

    @Test("a removed file is created again, and the log reports it once")
    func removed() throws {
        let trail = trail()
        try trail.open(path)
        write(trail, rule: 1)
        try FileManager.default.removeItem(atPath: path)
        write(trail, rule: 2)
        write(trail, rule: 3)
        #expect(lines(path).count == 2)
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.contains("created a new one") == true)
    }

    @Test("a removed file cannot be created: the log reports why, once, and counts lost lines")
    func removedForGood() async throws {
        try #require(getuid() == 0, "only root can make a disk read-only")
        let disk = try await SmallDisk(kibibytes: 64)
        let directory = disk.path + "/logs"
        try #require(mkdir(directory, 0o700) == 0)
        let trail = trail()
        let path = directory + "/audit.log"
        try trail.open(path)
        write(trail, rule: 1)
        #expect(unlink(path) == 0)
        await disk.makeReadOnly("/logs")
        for rule in 2...11 { write(trail, rule: rule) }
        #expect(log.lines.count == 1, "\(log.lines)")
        #expect(log.lines.first?.contains("Read-only file system") == true, "\(log.lines)")
        #expect(log.lines.first?.contains("file system writable") == true, "\(log.lines)")
        await disk.makeWritable("/logs")
        write(trail, rule: 12)
        #expect(lines(path).first?.hasSuffix("\"lost\":10}") == true, "\(lines(path))")
        #expect(lines(path).last?.hasSuffix("\"rule\":12}") == true)
    }

    @Test("without its directory, the hint is to create the directory, not the file")
    func directoryGone() throws {
        let trail = trail()
        let path = try files.directory("gone") + "/audit.log"
        try trail.open(path)
        try FileManager.default.removeItem(atPath: files.path + "/gone")
        for rule in 1...3 { write(trail, rule: rule) }
        #expect(log.lines.count == 1, "\(log.lines)")
        #expect(log.lines.first?.contains("\(files.path)/gone: No such file or directory") == true, "\(log.lines)")
    }

    @Test("truncated after half a line, the file begins with a whole line")
    func emptied() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 64)
        let trail = trail()
        let path = disk.path + "/audit.log"
        try trail.open(path)
        write(trail)
        try disk.fill()
        for rule in 1...100 { write(trail, rule: rule) }
        let last = try #require(try Data(contentsOf: URL(fileURLWithPath: path)).last)
        #expect(last != UInt8(ascii: "\n"), "no line was cut")
        disk.makeRoom()
        #expect(truncate(path, 0) == 0)
        write(trail, rule: 101)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("{"), "\(text)")
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
        }
    }

    @Test("a full disk blocks no request: the log reports it once, and the lost lines once there is space")
    func fullDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 64)
        let trail = trail()
        let path = disk.path + "/audit.log"
        try trail.open(path)
        write(trail, rule: 1)
        try disk.fill()
        for rule in 2...100 { write(trail, rule: rule) }
        #expect(log.lines.filter { $0.contains("audit lines are lost") }.count == 1, "\(log.lines)")
        #expect(log.lines.first?.contains("make room") == true)
        disk.makeRoom()
        write(trail, rule: 101)
        let lines = lines(path)
        for line in lines where line.hasSuffix("}") {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
        }
        #expect(lines.last?.hasSuffix("\"rule\":101}") == true)
        #expect(lines.contains { $0.contains("\"lost\":") })
        #expect(log.lines.last?.contains("written again") == true)
    }
}

/// Collects log lines.
final class LogKeeper: Sendable {
    private let kept = Mutex<[String]>([])
    var lines: [String] { kept.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(keeper: self) } }

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            keeper.kept.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
        }
    }
}

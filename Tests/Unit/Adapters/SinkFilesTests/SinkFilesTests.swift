import Agent
import AgentAPI
import Configuration
import Foundation
import SinkFiles
import System
import TestSupport
import Testing

/// The files themselves, in a real file system.
struct SinkFilesTests {
    private let files: TemporaryDirectory
    private let place: String
    private let sink: SinkSettings

    init() throws {
        files = try TemporaryDirectory()
        place = try files.directory("place")
        for name in ["state/authagent", "config/authagent", "etc"] { try files.directory(name) }
        sink = SinkSettings(account: try #require(AccountName("work")), path: place + "/token")
    }

    private var paths: UserPaths {
        get throws {
            try #require(
                UserPaths(environment: [
                    "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path + "/state",
                    "XDG_RUNTIME_DIR": files.path + "/run", "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc",
                ]))
        }
    }

    /// As each start of the agent creates them.
    private func tokenFiles() throws -> TokenFiles { TokenFiles(try paths) }

    private func content(_ text: String, meta: String? = nil) -> SinkContent {
        SinkContent(bytes: Array(text.utf8), meta: meta.map { Array($0.utf8) })
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: place).sorted() }

    @Test("a file is replaced as a whole: its old content stays readable, and nothing else is left in the directory")
    func replaced() throws {
        let tokens = try tokenFiles()
        #expect(try tokens.write(content("one"), to: sink, expiresAt: 5))
        #expect(status(sink.path)?.st_mode == S_IFREG | 0o600)
        let open = try #require(FileHandle(forReadingAtPath: sink.path))
        #expect(try tokens.write(content("2"), to: sink, expiresAt: 6))
        #expect(text(sink.path) == "2")
        #expect(try open.readToEnd() == Data("one".utf8))
        let before = status(sink.path)?.st_ino
        #expect(try !tokens.write(content("2"), to: sink, expiresAt: 6))
        #expect(status(sink.path)?.st_ino == before)
        #expect(try names() == ["token"])
    }

    @Test("a directory that the agent may write to only after its next start is said so, and nothing is written")
    func unreachable() throws {
        let (place, path) = (TrustedFile.resolved(place), sink.path)
        let tokens = TokenFiles(try paths) { $0 != place }
        #expect(throws: Never.self) { try tokens.check(sink) }
        let fault = try #require(throws: Fault.self) { try tokens.write(content("one"), to: sink, expiresAt: nil) }
        #expect(fault.problem.hasPrefix("the agent cannot write to \(path) before its next start"))
        #expect(fault.hint == "run 'authagent stop', and the next command starts an agent that can")
        #expect(try names().isEmpty)
    }

    @Test("a changed mode, and content that another program has changed, are repaired")
    func repaired() throws {
        let tokens = try tokenFiles()
        _ = try tokens.write(content("one"), to: sink, expiresAt: nil)
        chmod(sink.path, 0o644)
        #expect(try !tokens.write(content("one"), to: sink, expiresAt: nil))
        #expect(status(sink.path).map { $0.st_mode & 0o777 } == 0o600)
        try "theirs".write(toFile: sink.path, atomically: false, encoding: .utf8)
        #expect(try tokens.write(content("one"), to: sink, expiresAt: nil))
        #expect(text(sink.path) == "one")
    }

    @Test("a planted link is neither followed nor replaced, as the file, its temporary name or its directory")
    func links() throws {
        let victim = try files.file("victim", "precious")
        let tokens = try tokenFiles()
        symlink(victim, sink.path)
        let error = #expect(throws: Fault.self) { try tokens.write(content("t"), to: sink, expiresAt: nil) }
        #expect(error?.problem.contains("symbolic link") == true)
        unlink(sink.path)
        symlink(victim, place + "/.token.authagent-new")
        #expect(try tokens.write(content("t"), to: sink, expiresAt: nil))
        #expect(text(victim) == "precious" && text(sink.path) == "t")
        symlink(victim, sink.metaPath)
        var meta = sink
        meta.hasMeta = true
        #expect(throws: Fault.self) { try tokens.write(content("t", meta: "{}"), to: meta, expiresAt: nil) }
        #expect(text(victim) == "precious")
        // To the agent's own files, which no text of the path shows.
        let alias = files.path + "/alias"
        symlink(files.path + "/state", alias)
        let hidden = SinkSettings(account: sink.account, path: alias + "/authagent/token")
        let refused = #expect(throws: Fault.self) { try tokens.check(hidden) }
        #expect(refused?.problem.contains("among the agent's own") == true)
    }

    @Test(
        "a directory that others may write to is refused, also a sticky one, and nothing is written",
        arguments: [
            0o777, 0o1777, 0o707,
        ] as [mode_t])
    func loose(mode: mode_t) throws {
        chmod(place, mode)
        let tokens = try tokenFiles()
        for refuse in [{ try tokens.check(sink) }, { _ = try tokens.write(content("t"), to: sink, expiresAt: nil) }] {
            let error = #expect(throws: Fault.self) { try refuse() }
            #expect(error?.problem.contains("others may write") == true && error?.hint.isEmpty == false)
        }
        #expect(try names().isEmpty)
    }

    @Test("a missing directory is refused with the command for it; the agent's own is created")
    func missing() throws {
        let tokens = try tokenFiles()
        let far = SinkSettings(account: sink.account, path: files.path + "/no/such/token")
        let error = #expect(throws: Fault.self) { try tokens.check(far) }
        #expect(error?.hint.contains("mkdir -p -m 755 \(files.path)/no/such") == true)
        try files.directory("run")
        let own = SinkSettings(account: sink.account, path: files.path + "/run/authagent/sink/work")
        #expect(try tokens.write(content("t"), to: own, expiresAt: nil))
        #expect(status(files.path + "/run/authagent/sink").map { $0.st_mode & 0o777 } == 0o700)
    }

    @Test("a directory in the file's place, and a foreign file, are told from the agent's own")
    func foreign() throws {
        let tokens = try tokenFiles()
        mkdir(sink.path, 0o700)
        let error = #expect(throws: Fault.self) { try tokens.check(sink) }
        #expect(error?.problem.contains("not a regular file") == true)
        rmdir(sink.path)
        #expect(!tokens.hasForeignFile(at: sink.path))
        try "password".write(toFile: sink.path, atomically: false, encoding: .utf8)
        #expect(tokens.hasForeignFile(at: sink.path))
        _ = try tokens.write(content("t"), to: sink, expiresAt: nil)
        #expect(!tokens.hasForeignFile(at: sink.path))
        #expect(try !tokenFiles().hasForeignFile(at: sink.path))
    }

    @Test("the next agent knows the files of a killed one, and removes them; another program's file stays")
    func recorded() throws {
        var sink = sink
        sink.hasMeta = true
        _ = try tokenFiles().write(content("t", meta: "{}"), to: sink, expiresAt: 1_800_000_000)
        #expect(status(sink.metaPath)?.st_mode == S_IFREG | 0o600)
        let next = try tokenFiles()
        #expect(next.recorded() == [sink.path: RecordedSink(identity: sink.identity, expiresAt: 1_800_000_000)])
        try next.remove(sink.path)
        #expect(try names().isEmpty && next.recorded().isEmpty)
        let text = try String(contentsOfFile: try paths.sinkRecords, encoding: .utf8)
        #expect(text.isEmpty)

        _ = try next.write(content("t"), to: sink, expiresAt: nil)
        unlink(sink.path)
        try files.file("other", "theirs")
        rename(files.path + "/other", sink.path)
        try tokenFiles().remove(sink.path)
        #expect(self.text(sink.path) == "theirs")
        #expect(try tokenFiles().recorded().isEmpty)
    }

    @Test(
        "the file is removed also from a directory that others can write to by now", arguments: [0o777, 0o1777, 0o2777])
    func removedFromLoose(mode: mode_t) throws {
        _ = try tokenFiles().write(content("t"), to: sink, expiresAt: nil)
        chmod(place, mode)
        try tokenFiles().remove(sink.path)
        #expect(try names().isEmpty && tokenFiles().recorded().isEmpty)
    }

    @Test("the next agent removes all that one has left that was killed before a file was in place")
    func killedDuringReplacement() throws {
        let tokens = try tokenFiles()
        for new in [content("one"), content("two")] {
            // Called when the new file is whole, and has not its name yet.
            _ = try? tokens.write(new, to: sink, expiresAt: nil) {
                try? tokenFiles().remove(sink.path)
                return false
            }
            #expect(try names().isEmpty)
            _ = try tokens.write(content("one"), to: sink, expiresAt: nil)
        }
        // Killed before the record of the new file.
        try files.file("place/.token.authagent-new", "two")
        try tokenFiles().remove(sink.path)
        #expect(try names().isEmpty)
    }

    @Test("what has become obsolete during the write does not get its name, and the earlier file stays known")
    func obsolete() throws {
        let tokens = try tokenFiles()
        #expect(try !tokens.write(content("one"), to: sink, expiresAt: nil, unless: { true }))
        #expect(try names().isEmpty)
        _ = try tokens.write(content("one"), to: sink, expiresAt: nil)
        #expect(try !tokens.write(content("two"), to: sink, expiresAt: nil, unless: { true }))
        #expect(try names() == ["token"] && text(sink.path) == "one")
        #expect(try !tokenFiles().hasForeignFile(at: sink.path))
        try tokenFiles().remove(sink.path)
        #expect(try names().isEmpty)
    }

    @Test("the record keeps whose token a file has, and for which readers")
    func identity() throws {
        var sink = sink
        (sink.mode, sink.group) = (0o640, SinkSettings.Group(name: "me", id: getegid()))
        sink.target = try TokenTarget(scopes: ["repo:read,write", "c"], audience: "https://api.example/a,b")
        _ = try tokenFiles().write(content("t"), to: sink, expiresAt: nil)
        #expect(try tokenFiles().recorded()[sink.path]?.identity == sink.identity)
        #expect(self.sink.identity != sink.identity)
        try tokenFiles().remove(sink.path)
    }

    @Test("group and mode are set before the file has its name; a group that the user is not in is named")
    func group() throws {
        let tokens = try tokenFiles()
        var sink = sink
        (sink.mode, sink.group) = (0o640, SinkSettings.Group(name: "me", id: getegid()))
        try tokens.check(sink)
        #expect(try names().isEmpty)
        _ = try tokens.write(content("t"), to: sink, expiresAt: nil)
        #expect(status(sink.path).map { $0.st_mode & 0o777 } == 0o640 && status(sink.path)?.st_gid == getegid())
        guard getuid() != 0 else { return }
        sink.group = SinkSettings.Group(name: "root", id: 0)
        let error = #expect(throws: Fault.self) { try tokens.check(sink) }
        #expect(error?.hint.contains("usermod -aG root") == true)
    }

    @Test("on a full file system the old file stays whole, and the fault names the remedy")
    func full() async throws {
        let disk = try await SmallDisk(kibibytes: 64)
        let tokens = try tokenFiles()
        let sink = SinkSettings(account: sink.account, path: disk.path + "/token")
        _ = try tokens.write(content("one"), to: sink, expiresAt: nil)
        let error = #expect(throws: Fault.self) {
            try tokens.write(content(String(repeating: "x", count: 1 << 20)), to: sink, expiresAt: nil)
        }
        #expect(error?.hint == "make room in \(disk.path)", "\(error?.problem ?? "")")
        #expect(text(sink.path) == "one")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["token"])
    }
}

extension TokenFiles {
    fileprivate func write(_ content: SinkContent, to sink: SinkSettings, expiresAt: Int?) throws(Fault) -> Bool {
        try write(content, to: sink, expiresAt: expiresAt, unless: { false })
    }
}

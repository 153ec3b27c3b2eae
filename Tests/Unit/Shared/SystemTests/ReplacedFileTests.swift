import Foundation
import System
import TestSupport
import Testing

/// The replacement of a file by a command.
struct ReplacedFileTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: files.path).sorted()
    }

    @Test("a file is created or replaced with the mode, whatever the umask, and nothing else is left")
    func replaced() throws {
        let path = files.path + "/a.prom"
        for (text, mode) in [("one", 0o644), ("another one", 0o600)] as [(String, UInt32)] {
            try ReplacedFile(path, in: .any).replace(with: Array(text.utf8), mode: mode)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            #expect(try self.mode(path) == Int(mode))
        }
        #expect(try names() == ["a.prom"])
    }

    @Test("a reader of the old file keeps the old content, and another hard link of it too")
    func oldReader() throws {
        let path = try files.file("a.prom", "old")
        #expect(link(path, files.path + "/other") == 0)
        let reader = try #require(FileHandle(forReadingAtPath: path))
        try ReplacedFile(path, in: .any).replace(with: Array("new".utf8), mode: 0o644)
        #expect(try reader.readToEnd() == Data("old".utf8))
        #expect(try String(contentsOfFile: files.path + "/other", encoding: .utf8) == "old")
    }

    @Test("what is not a regular file is refused by its kind, and stays as it is")
    func kinds() throws {
        let target = try files.file("target", "kept")
        let link = files.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let dangling = files.path + "/dangling"
        try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: files.path + "/nothing")
        let fifo = files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let directory = try files.directory("directory")
        let refusals = [
            (link, "a symbolic link"), (dangling, "a symbolic link"), (fifo, "a FIFO"), (directory, "a directory"),
            ("/dev/null", "a device"), (files.path + "/", "a directory"), (files.path + "/..", "a directory"),
        ]
        for (path, kind) in refusals {
            #expect("\(path)") {
                try ReplacedFile(path, in: .any)
            } throws: { error in
                (error as? Fault)?.problem == "cannot write \(path): it is \(kind)"
            }
        }
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "kept")
        #expect(try names() == ["dangling", "directory", "fifo", "link", "target"])
    }

    @Test("a link that comes after the check is not followed")
    func lateLink() throws {
        let target = try files.file("target", "kept")
        let path = files.path + "/a.prom"
        let file = try ReplacedFile(path, in: .any)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        #expect(throws: Fault.self) { try file.replace(with: Array("new".utf8), mode: 0o644) }
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "kept")
        #expect(try names() == ["a.prom", "target"])
    }

    @Test("without its directory, the command that creates it is the hint")
    func missing() {
        #expect {
            try ReplacedFile(files.path + "/no/a.prom", in: .any)
        } throws: { error in
            (error as? Fault)?.hint == "run 'mkdir -p \(files.path)/no'"
        }
    }

    @Test("a directory that others can write to is refused for what only this user may replace")
    func loose() throws {
        let loose = try files.directory("loose")
        chmod(loose, 0o777)
        try ReplacedFile(loose + "/a.prom", in: .any).replace(with: [], mode: 0o644)
        #expect(throws: Fault.self) { try ReplacedFile(loose + "/a", in: .own) }
        chmod(loose, 0o700)
        try ReplacedFile(loose + "/a", in: .own).replace(with: [], mode: 0o600)
    }

    @Test("on a full disk the old file stays, and nothing is left of the new one")
    func full() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 64)
        let path = disk.path + "/a.prom"
        try ReplacedFile(path, in: .any).replace(with: Array("old".utf8), mode: 0o644)
        try disk.fill()
        let new = [UInt8](repeating: 0x61, count: 8192)
        #expect {
            try ReplacedFile(path, in: .any).replace(with: new, mode: 0o644)
        } throws: { error in
            (error as? Fault)?.hint.hasPrefix("make room in ") == true
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted() == ["a.prom", "filler"])
    }
}

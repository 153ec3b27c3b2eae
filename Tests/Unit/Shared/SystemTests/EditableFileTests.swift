import Foundation
import System
import TestSupport
import Testing

struct EditableFileTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func status(_ path: String) -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    /// What opening or changing the file is refused with.
    private func problem(_ path: String) -> String? {
        do throws(Fault) {
            try EditableFile(path).replace(with: [])
            return nil
        } catch { return error.problem }
    }

    @Test(
        "a file is replaced with its mode and group, and nothing is left beside it", arguments: [0o600, 0o644, 0o640])
    func replaced(mode: Int) throws {
        let path = try files.file("config", "old\n", mode: mode)
        let file = try EditableFile(path)
        #expect(file.content == Array("old\n".utf8))
        let before = status(path)
        try file.replace(with: Array("new".utf8))
        #expect(try text(path) == "new")
        #expect(status(path).st_mode & 0o7777 == mode_t(mode) && status(path).st_gid == before.st_gid)
        #expect(status(path).st_ino != before.st_ino)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.path) == ["config"])
    }

    @Test("a new file is private, and so are the directories that it needs")
    func created() throws {
        let path = files.path + "/a/b/config"
        let file = try EditableFile(path)
        #expect(file.content == nil)
        try file.replace(with: Array("x".utf8))
        #expect(status(path).st_mode & 0o7777 == 0o600 && status(files.path + "/a").st_mode & 0o7777 == 0o700)
    }

    @Test("links into a directory of dotfiles stay links, also one to a file that does not exist yet")
    func links() throws {
        try files.directory("dotfiles")
        let target = try files.file("dotfiles/gitconfig", "old")
        let link = files.path + "/.gitconfig"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "dotfiles/gitconfig")
        try EditableFile(link).replace(with: Array("new".utf8))
        #expect(try text(target) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "dotfiles/gitconfig")
        try EditableFile(link).remove()
        #expect(!FileManager.default.fileExists(atPath: target))
        #expect(try EditableFile(link).content == nil)
        try EditableFile(link).replace(with: Array("again".utf8))
        #expect(try text(target) == "again")
    }

    @Test("a file that changes between reading and writing is kept as it is then")
    func changedMeanwhile() throws {
        let path = try files.file("config", "old")
        let file = try EditableFile(path)
        try files.file("config", "other")
        #expect(throws: Fault.self) { try file.replace(with: Array("new".utf8)) }
        #expect(throws: Fault.self) { try file.remove() }
        #expect(try text(path) == "other")
        let missing = try EditableFile(files.path + "/missing")
        try files.file("missing", "there")
        #expect(throws: Fault.self) { try missing.replace(with: []) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.path).sorted() == ["config", "missing"])
    }

    @Test("a file that others can write to is refused", arguments: [0o602, 0o666])
    func writable(mode: Int) throws {
        let path = try files.file("config", "old", mode: mode)
        #expect(problem(path) == "cannot change \(path): others can write to it")
        #expect(try text(path) == "old")
    }

    @Test("a file in a directory that others can write to is refused")
    func directory() throws {
        let directory = try files.directory("loose")
        let path = try files.file("loose/config", "old")
        chmod(directory, 0o777)
        #expect(problem(path)?.contains("writable by others") == true)
        #expect(try text(path) == "old")
    }

    @Test("what is not a regular file with one name is refused")
    func others() throws {
        let path = try files.file("config", "old")
        link(path, files.path + "/second")
        #expect(problem(path)?.contains("hard links") == true)
        #expect(problem("/dev/null")?.contains("not a regular file") == true)
        #expect(problem(files.path) != nil)
        mkfifo(files.path + "/fifo", 0o600)
        #expect(problem(files.path + "/fifo")?.contains("not a regular file") == true)
        symlink("loop", files.path + "/loop")
        #expect(problem(files.path + "/loop") != nil)
        #expect(problem(path + "/below") != nil)
    }

    @Test("a file of more than 8 MiB is refused")
    func large() throws {
        let path = try files.file("config", "")
        truncate(path, 9 << 20)
        #expect(problem(path)?.contains("8 MiB") == true)
    }

    @Test("while another program has its lock, the file is not written, and the lock stays")
    func locked() throws {
        let path = try files.file("config", "old")
        let lock = try files.file("config.lock", "theirs")
        let file = try EditableFile(path)
        let fault = #expect(throws: Fault.self) { try file.replace(with: [], lock: ".lock") }
        #expect(fault?.problem.contains("another program is changing it") == true)
        #expect(try text(path) == "old" && text(lock) == "theirs")
        unlink(lock)
        try file.replace(with: Array("new".utf8), lock: ".lock")
        #expect(try text(path) == "new" && !FileManager.default.fileExists(atPath: lock))
    }
}

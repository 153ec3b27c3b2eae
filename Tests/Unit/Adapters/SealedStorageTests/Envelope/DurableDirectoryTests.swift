import Foundation
import SealedStorage
import System
import TestSupport
import Testing

struct DurableDirectoryTests {
    let files: TemporaryDirectory
    let directory: DurableDirectory

    init() throws {
        files = try TemporaryDirectory()
        directory = try DurableDirectory(making: files.path + "/state/sealed")
    }

    private func failure(_ body: () throws(FileFailure) -> Void) -> FileFailure? {
        do throws(FileFailure) {
            try body()
            return nil
        } catch { return error }
    }

    private var allNames: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path) }
    }

    @Test("a written file is private and read back, and no other file is left")
    func roundTrip() throws {
        try directory.write("work", Array("first".utf8))
        try directory.write("work", Array("second".utf8))
        #expect(try directory.read("work", limit: 100) == Array("second".utf8))
        #expect(try directory.names() == ["work"])
        #expect(try allNames == ["work"])
        var status = stat()
        #expect(stat(directory.path + "/work", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(try directory.read("home", limit: 100) == nil)
    }

    @Test("a removed file is gone, and removing it again is not an error")
    func removal() throws {
        try directory.write("work", [1])
        try directory.remove("work")
        try directory.remove("work")
        #expect(try directory.names().isEmpty)
    }

    @Test("unfinished files of a killed process are removed at the next start")
    func leftovers() throws {
        try files.file("state/sealed/.new-abc", "half")
        try directory.write("work", [1])
        _ = try DurableDirectory(existing: directory.path)
        #expect(try allNames == ["work"])
    }

    @Test("reserved space is used, given back, or freed with the reservation")
    func reservations() throws {
        let reservation = try directory.reserve("work", size: 8192)
        #expect(try directory.read("work", limit: 100) == nil)
        try directory.commit(reservation, [1, 2, 3])
        #expect(try directory.read("work", limit: 100) == [1, 2, 3])
        directory.discard(try directory.reserve("home", size: 100))
        do { _ = try directory.reserve("home", size: 100) }
        #expect(try allNames == ["work"])
        // Content longer than the reservation is still written whole.
        try directory.commit(try directory.reserve("work", size: 1), [4, 5, 6])
        #expect(try directory.read("work", limit: 100) == [4, 5, 6])
        // Discarding does not remove the committed file.
        directory.discard(reservation)
        #expect(try directory.names() == ["work"])
    }

    @Test("a file readable by others, another user's file, a link, a FIFO and a large file are refused")
    func foreignFiles() throws {
        let path = directory.path + "/work"
        try directory.write("work", [1, 2, 3])
        #expect(
            failure { () throws(FileFailure) in _ = try directory.read("work", limit: 2) } == .tooLarge(path, limit: 2))
        chmod(path, 0o640)
        #expect(
            failure { () throws(FileFailure) in _ = try directory.read("work", limit: 9) }
                == .readableByOthers(path, mode: 0o640))
        chmod(path, 0o600)
        try #require(getuid() == 0 && chown(path, 1, 1) == 0, "only root can give a file away")
        #expect(
            failure { () throws(FileFailure) in _ = try directory.read("work", limit: 9) }
                == .otherOwner(path, owner: 1))
        unlink(path)
        symlink("/etc/passwd", path)
        #expect(
            failure { () throws(FileFailure) in _ = try directory.read("work", limit: 9) } == .notARegularFile(path))
        unlink(path)
        mkfifo(path, 0o600)
        #expect(
            failure { () throws(FileFailure) in _ = try directory.read("work", limit: 9) } == .notARegularFile(path))
    }

    @Test("a directory that is a link, loose or missing is refused with the command that repairs it")
    func foreignDirectories() throws {
        let path = files.path + "/other"
        #expect(
            failure { () throws(FileFailure) in _ = try DurableDirectory(existing: path) }
                == .directory(.directoryMissing(path)))
        symlink(directory.path, path)
        #expect(
            failure { () throws(FileFailure) in _ = try DurableDirectory(making: path) }
                == .directory(.directoryIsSymbolicLink(path)))
        unlink(path)
        mkdir(path, 0o755)
        chmod(path, 0o755)
        let loose = failure { () throws(FileFailure) in _ = try DurableDirectory(making: path) }
        #expect(loose == .directory(.directoryIsLoose(path, mode: 0o755)))
        #expect(loose?.hint == "run 'chmod 700 \(path)'")
    }

    @Test(
        "on a full disk a write fails and the old file stays; reserved space is still usable",
        .timeLimit(.minutes(10)))
    func fullDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 256)
        let directory = try DurableDirectory(existing: disk.path)
        try directory.write("work", [1, 2, 3])
        let reservation = try directory.reserve("work", size: 16_384)
        try disk.fill()
        let large = [UInt8](repeating: 7, count: 16_384)
        let refused = failure { () throws(FileFailure) in try directory.write("work", large) }
        #expect(refused?.isForWantOfRoom == true, "\(String(describing: refused))")
        #expect(refused?.hint == "make room on the disk")
        #expect(
            failure { () throws(FileFailure) in _ = try directory.reserve("home", size: 16_384) }?.isForWantOfRoom
                == true)
        #expect(try directory.read("work", limit: 100) == [1, 2, 3])
        try directory.commit(reservation, large)
        #expect(try directory.read("work", limit: 20_000) == large)
        disk.makeRoom()
        try directory.write("work", [4])
        #expect(try directory.read("work", limit: 100) == [4])
    }

    @Test("on a read-only disk a write and a removal fail, and the file stays readable", .timeLimit(.minutes(10)))
    func readOnlyDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 256)
        try DurableDirectory(existing: disk.path).write("work", [1, 2, 3])
        await disk.makeReadOnly()
        let directory = try DurableDirectory(existing: disk.path)
        for refused in [
            failure({ () throws(FileFailure) in try directory.write("work", [4]) }),
            failure({ () throws(FileFailure) in try directory.remove("work") }),
            failure({ () throws(FileFailure) in _ = try directory.reserve("work", size: 1) }),
        ] {
            guard case .system(_, _, EROFS) = refused else {
                Issue.record("\(String(describing: refused))")
                continue
            }
        }
        #expect(try directory.read("work", limit: 100) == [1, 2, 3])
        await disk.makeWritable()
        try DurableDirectory(existing: disk.path).write("work", [4])
    }
}

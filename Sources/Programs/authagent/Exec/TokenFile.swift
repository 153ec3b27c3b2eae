internal import Glibc
internal import System

/// A file in memory that holds the command's token, in a directory of its own on tmpfs.
///
/// A renewal replaces it with rename(2), so that a reader has the old token or the new one, and never parts of both. A
/// memfd could not be replaced under the descriptor of a running command, and a child that closes its descriptors, as
/// Python's do, would lose it. The directory is locked: one whose owner was killed is removed by the next.
final class TokenFile {
    let path: String
    private let directory: String
    private let lock: Descriptor

    init() throws(Failure) {
        let place = try Self.place()
        Self.removeLeftovers(in: place)
        let made = try Self.makeDirectory(in: place)
        (directory, path) = (made.path, made.path + "/token")
        lock = Descriptor(owning: made.lock)
    }

    /// Replaces the token.
    func write(_ token: String) throws(Failure) {
        do throws(UnfinishedFile.Failure) {
            let file = try UnfinishedFile(directory + "/new")
            try file.write(Array(token.utf8))
            try file.rename(to: path)
        } catch {
            throw Failure(
                "cannot write the token to \(path): \(error.call): \(String(cString: strerror(error.code)))",
                hint: "see 'df \(directory)' for free memory")
        }
    }

    /// Removes an expired token: a program that finds none says so, and one with an old token is refused elsewhere.
    func clear() { unlink(path) }

    func remove() {
        Self.remove(directory)
    }

    /// Returns a directory in memory that is private to this user.
    private static func place() throws(Failure) -> String {
        let user = geteuid()
        let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }
        let candidates =
            [runtime, "/run/user/\(user)"].compactMap { $0.map { ($0, $0 + "/authagent/exec") } }
            + [("/dev/shm", "/dev/shm/authagent-\(user)/exec")]
        for (base, place) in candidates where base.hasPrefix("/") && MemoryFileSystem.contains(base) {
            var status = stat()
            guard base == "/dev/shm" || stat(base, &status) == 0 && status.st_uid == user else { continue }
            do throws(LocalSocketError) {
                try PrivateDirectory.prepareTree(place)
                return place
            } catch { continue }
        }
        throw Failure(
            "cannot find a directory in memory for the token's file",
            hint: "set XDG_RUNTIME_DIR to a directory of yours on tmpfs, or use --fd instead of --file")
    }

    private static func makeDirectory(in place: String) throws(Failure) -> (path: String, lock: Int32) {
        for _ in 0..<8 {
            let path = "\(place)/\(getpid())-\(UInt32.random(in: .min ... .max))"
            guard mkdir(path, 0o700) == 0 else { break }
            let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard raw >= 0 else { break }
            let lock = Descriptor(owning: raw)
            var (own, found) = (stat(), stat())
            // Another start may have taken it for a leftover before it was locked.
            if SystemCall.uninterrupted({ flock(raw, LOCK_EX) }) == 0, fstat(raw, &own) == 0, stat(path, &found) == 0,
                own.st_ino == found.st_ino
            {
                return (path, lock.consumeRaw())
            }
        }
        throw Failure(
            "cannot create a directory in \(place): \(String(cString: strerror(errno)))",
            hint: "see 'df \(place)', and 'ls -ld \(place)'")
    }

    private static func removeLeftovers(in place: String) {
        guard let entries = opendir(place) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            let path = "\(place)/\(name)"
            let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard raw >= 0 else { continue }
            let lock = Descriptor(owning: raw)
            if flock(lock.raw, LOCK_EX | LOCK_NB) == 0 { remove(path) }
        }
    }

    private static func remove(_ directory: String) {
        for name in ["token", "new"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
}

internal import Glibc
internal import System

/// The one owner of a private directory whose files are whole and on the disk, or not there.
///
/// The directory is 0700 and this user's; files are 0600. One owner at a time: opening the directory removes what another
/// one has not finished, reservations included. All calls block, so callers keep them off the cooperative pool.
public final class DurableDirectory: Sendable {
    public let path: String
    let descriptor: Int32

    /// What was not finished is called so; it is removed by the next one that opens the directory.
    static let unfinishedPrefix = ".new-"

    /// Opens the directory, and makes it and those above it if they are not there.
    public convenience init(making path: String) throws(FileFailure) {
        do throws(LocalSocketError) { try PrivateDirectory.prepareTree(path) } catch { throw .directory(error) }
        try self.init(existing: path)
    }

    /// Opens a directory that must be there.
    public convenience init(existing path: String) throws(FileFailure) {
        try self.init(reading: path)
        // A limit on the size of files shall be an error like a full disk, and not the end of this process.
        signal(SIGXFSZ, SIG_IGN)
        for name in try allNames() where name.hasPrefix(Self.unfinishedPrefix) { unlinkat(descriptor, name, 0) }
    }

    /// Opens a directory that must be there only to look at it, which others may use meanwhile.
    public init(reading path: String) throws(FileFailure) {
        self.path = path
        do throws(LocalSocketError) { descriptor = try PrivateDirectory.open(path).consumeRaw() } catch {
            throw .directory(error)
        }
    }

    deinit { close(descriptor) }

    /// The files in it, in no particular order; those that are being written are not among them.
    public func names() throws(FileFailure) -> [String] {
        try allNames().filter { !$0.hasPrefix(Self.unfinishedPrefix) }
    }

    /// A file that is not there is no failure.
    public func remove(_ name: String) throws(FileFailure) {
        if unlinkat(descriptor, name, 0) != 0, errno != ENOENT { throw failure("unlink", name) }
        try synchronize()
    }

    /// Makes what was renamed or removed durable.
    func synchronize() throws(FileFailure) {
        if let code = DirectorySync.failure(descriptor) { throw .system(call: "fsync", path: path, errno: code) }
    }

    /// Reads errno, so nothing may come between the call and this.
    func failure(_ call: String, _ name: String) -> FileFailure {
        let code = errno
        return .system(call: call, path: path + "/" + name, errno: code)
    }

    private func allNames() throws(FileFailure) -> [String] {
        // A descriptor of its own: reading a directory moves the offset, which a duplicate would share.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        guard let stream = fdopendir(copy) else {
            defer { _ = close(copy) }
            throw .system(call: "fdopendir", path: path, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system(call: "readdir", path: path, errno: errno) }
        return names
    }
}

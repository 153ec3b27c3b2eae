internal import Glibc
internal import System

/// A private directory whose files are complete and durable, or absent.
///
/// The directory is 0700 and owned by this user; files are 0600. Only one process may open it for writing: opening
/// removes another one's unfinished files, reservations included. All calls block, so callers keep them off the
/// cooperative pool.
public final class DurableDirectory: Sendable {
    public let path: String
    let directory: OpenDirectory

    /// Prefix of unfinished files, which the next opening removes.
    static let unfinishedPrefix = ".new-"

    /// Opens the directory; creates it and its parents if they are missing.
    public convenience init(making path: String) throws(FileFailure) {
        do throws(LocalSocketError) { try PrivateDirectory.prepareTree(path) } catch { throw .directory(error) }
        try self.init(existing: path)
    }

    /// Opens an existing directory.
    public convenience init(existing path: String) throws(FileFailure) {
        try self.init(reading: path)
        // A file size limit must cause an error, as a full disk does, not end this process.
        signal(SIGXFSZ, SIG_IGN)
        for name in try allNames() where name.hasPrefix(Self.unfinishedPrefix) { unlinkat(descriptor, name, 0) }
    }

    /// Opens an existing directory read-only; another process may use it meanwhile.
    public init(reading path: String) throws(FileFailure) {
        self.path = path
        do throws(LocalSocketError) { directory = OpenDirectory(try PrivateDirectory.open(path)) } catch {
            throw .directory(error)
        }
    }

    var descriptor: Int32 { directory.raw }

    /// The names of finished files, in no particular order.
    public func names() throws(FileFailure) -> [String] {
        try allNames().filter { !$0.hasPrefix(Self.unfinishedPrefix) }
    }

    /// Removes the file; a missing file is not an error.
    public func remove(_ name: String) throws(FileFailure) {
        if unlinkat(descriptor, name, 0) != 0, errno != ENOENT { throw failure("unlink", name) }
        try synchronize()
    }

    /// Makes renames and removals durable.
    func synchronize() throws(FileFailure) {
        if let code = DirectorySync.failure(descriptor) { throw .system(call: "fsync", path: path, errno: code) }
    }

    /// Reads errno, so no call may come between the failed one and this.
    func failure(_ call: String, _ name: String) -> FileFailure {
        let code = errno
        return .system(call: call, path: path + "/" + name, errno: code)
    }

    private func allNames() throws(FileFailure) -> [String] {
        // A new descriptor: readdir moves the offset, which a duplicate would share.
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

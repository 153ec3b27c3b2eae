internal import Glibc
internal import Synchronization
internal import System

/// An account file that is written and durable, but not yet in place.
public final class PreparedAccountFile: Sendable {
    private let directory: String
    private let path: String
    private let temporary: Mutex<String?>

    init(text: String, directory: String, path: String) throws(ConfigurationError) {
        self.directory = directory
        self.path = path
        // The leading dot hides it from `loadAll`. Two logins of one account never run at once.
        let temporary = "\(directory)/.\(path.split(separator: "/").last ?? "account").new"
        self.temporary = Mutex(temporary)
        _ = unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw ProtectedFile.failure(directory, "cannot be written to") }
        defer { _ = close(descriptor) }
        var text = text
        let isWritten = text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                sent += count
            }
            return fsync(descriptor) == 0
        }
        guard isWritten else {
            let error = ProtectedFile.failure(temporary, "cannot be written")
            _ = unlink(temporary)
            throw error
        }
    }

    deinit {
        if let temporary = temporary.withLock({ $0 }) { _ = unlink(temporary) }
    }

    /// Moves the file into place durably: rename(2), then fsync(2) of the directory.
    public func commit() throws(ConfigurationError) {
        guard let temporary = temporary.withLock({ $0.take() }) else { return }
        guard rename(temporary, path) == 0 else {
            let error = ProtectedFile.failure(path, "cannot be written")
            _ = unlink(temporary)
            throw error
        }
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ProtectedFile.failure(directory, "cannot be opened") }
        defer { _ = close(descriptor) }
        if let code = DirectorySync.failure(descriptor) {
            errno = code
            throw ProtectedFile.failure(directory, "cannot be made durable")
        }
    }
}

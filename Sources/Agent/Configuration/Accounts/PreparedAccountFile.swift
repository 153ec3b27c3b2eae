internal import Glibc
internal import Synchronization
internal import System

/// An account file that is written and durable, but not yet in place.
public final class PreparedAccountFile: Sendable {
    private let directory: String
    private let path: String
    private let file: Mutex<UnfinishedFile?>

    /// `writer` tells the temporary files of different writers apart: a login and an import may be at it at once.
    init(text: String, directory: String, path: String, writer: String = "new") throws(ConfigurationError) {
        self.directory = directory
        self.path = path
        // The leading dot hides it from `loadAll`. Two logins of one account never run at once.
        let temporary = "\(directory)/.\(path.split(separator: "/").last ?? "account").\(writer)"
        _ = unlink(temporary)
        let file: UnfinishedFile
        do throws(UnfinishedFile.Failure) { file = try UnfinishedFile(temporary) } catch {
            throw ProtectedFile.failure(directory, "cannot be written to", error.code)
        }
        do throws(UnfinishedFile.Failure) {
            try file.write(Array(text.utf8))
            try file.synchronize()
        } catch {
            file.remove()
            throw ProtectedFile.failure(temporary, "cannot be written", error.code)
        }
        file.close()
        self.file = Mutex(file)
    }

    /// Moves the file into place durably: rename(2), then fsync(2) of the directory.
    public func commit() throws(ConfigurationError) {
        guard let file = file.withLock({ $0.take() }) else { return }
        do throws(UnfinishedFile.Failure) { try file.rename(to: path) } catch {
            file.remove()
            throw ProtectedFile.failure(path, "cannot be written", error.code)
        }
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ProtectedFile.failure(directory, "cannot be opened", errno) }
        let opened = Descriptor(owning: descriptor)
        if let code = DirectorySync.failure(opened.raw) {
            throw ProtectedFile.failure(directory, "cannot be made durable", code)
        }
    }
}

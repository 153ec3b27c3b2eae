internal import AgentAPI
internal import System

/// The writing of files that an import brings.
extension AccountDirectory {
    /// Writes the text of an account's file beside its final place, for an import.
    func prepare(_ text: String, for name: AccountName) throws(ConfigurationError) -> PreparedAccountFile {
        try PreparedAccountFile(text: text, directory: user, path: userPath(name), writer: "import")
    }

    /// Creates the user's directory, and keeps other imports out until the lock is released.
    func lockForImport() throws(ConfigurationError) -> FileLock {
        try Self.makeDirectories(user)
        do throws(LocalSocketError) { return try FileLock(user + "/.import.lock") } catch {
            guard case .locked = error else {
                throw ConfigurationError(file: user, problem: error.description, hint: error.hint)
            }
            throw ConfigurationError(
                file: user, problem: "another import is being done", hint: "run it again once the other one is done")
        }
    }
}

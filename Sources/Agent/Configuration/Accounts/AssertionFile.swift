public import SecretMemory

/// A file with an assertion or another token that a program such as Kubernetes or SPIFFE renews. It is read for each
/// request: the program replaces it before it expires.
public enum AssertionFile {
    /// Reads a regular file that other users cannot replace. They may read it where its program lets them: Kubernetes
    /// gives its tokens the mode 644. `key` is the account file's, for messages.
    public static func read(_ path: String, key: String) throws(ConfigurationError) -> SecretBytes {
        guard let bytes = try ProtectedFile.read(path, mayBeReadByOthers: true) else {
            throw ConfigurationError(
                file: path, problem: "the file of \(key) is missing",
                hint: "check that the program that writes it runs, or change \(key)")
        }
        return SecretBytes(bytes)
    }
}

public import SecretMemory

/// The file that holds a confidential client's secret, and nothing else.
public enum ClientSecretFile {
    /// Reads the secret; one line break at the end belongs to the file, not to the secret.
    public static func read(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard var bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) else {
            throw ConfigurationError(
                file: path, problem: "the client secret's file is missing", hint: "put the secret there with mode 600"
            )
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        // RFC 6749 appendix A.2.
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ConfigurationError(
                file: path, problem: "this is no client secret", hint: "the file must hold the secret and nothing else"
            )
        }
        return SecretBytes(bytes)
    }
}

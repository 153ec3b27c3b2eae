public import SecretMemory

/// The file with a confidential client's secret.
public enum ClientSecretFile {
    /// Reads the secret, without one line break at the end.
    public static func read(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard var bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) else {
            throw ConfigurationError(
                file: path, problem: "the client secret file is missing", hint: "put the secret there with mode 600"
            )
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        // RFC 6749 appendix A.2.
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ConfigurationError(
                file: path, problem: "this is not a client secret", hint: "put the secret there and nothing else"
            )
        }
        return SecretBytes(bytes)
    }
}

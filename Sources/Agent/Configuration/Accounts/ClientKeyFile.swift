public import SecretMemory

/// The files of a client that authenticates with a key or a certificate. They are read for each request, so that a
/// renewed one is used at once.
public enum ClientKeyFile {
    /// Reads the private key of `client_key_file`, which other users must not be able to read.
    public static func key(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard let bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) else {
            throw ConfigurationError(
                file: path, problem: "the client key file is missing",
                hint: "put the private key there with mode 600, or change client_key_file"
            )
        }
        return SecretBytes(bytes)
    }

    /// Reads the certificate of `client_certificate_file`. It is public; its file must not be writable by others.
    public static func certificate(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard let text = try ProtectedFile.text(path) else {
            throw ConfigurationError(
                file: path, problem: "the client certificate file is missing",
                hint: "put the certificate there, or change client_certificate_file"
            )
        }
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
            throw ConfigurationError(
                file: path, problem: "this file does not contain a certificate",
                hint: "put one there as PEM, followed by its intermediate certificates"
            )
        }
        return SecretBytes(text)
    }

    /// Reads a certificate's private key as PEM, the format that libcurl takes.
    public static func certificateKey(_ path: String) throws(ConfigurationError) -> SecretBytes {
        let key = try key(path)
        let text = key.revealedText()
        guard text.contains("PRIVATE KEY-----") else {
            throw ConfigurationError(
                file: path, problem: "this file does not contain a private key as PEM",
                hint: "put the certificate's key there as PEM"
            )
        }
        guard !text.contains("ENCRYPTED") else {
            throw ConfigurationError(
                file: path, problem: "the private key is encrypted",
                hint: "the agent has no passphrase for it; decrypt it with 'openssl pkey', and give it mode 600"
            )
        }
        return key
    }
}

public import SecretMemory

/// The files with which a client proves who it is without sending a secret. They are read for each request, so that a
/// key or a certificate that is renewed is in use at once.
public enum ClientKeyFile {
    /// Reads the private key of `client_key_file`, which nobody else may read.
    public static func key(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard let bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) else {
            throw ConfigurationError(
                file: path, problem: "the client key's file is missing",
                hint: "put the private key there with mode 600, or change client_key_file"
            )
        }
        return SecretBytes(bytes)
    }

    /// Reads the certificate of `client_certificate_file`. It is no secret, but is kept where libcurl reads the key.
    public static func certificate(_ path: String) throws(ConfigurationError) -> SecretBytes {
        guard let text = try ProtectedFile.text(path) else {
            throw ConfigurationError(
                file: path, problem: "the client certificate's file is missing",
                hint: "put the certificate there, or change client_certificate_file"
            )
        }
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
            throw ConfigurationError(
                file: path, problem: "there is no certificate in this file",
                hint: "client_certificate_file has to hold one as PEM, and its authorities after it"
            )
        }
        return SecretBytes(text)
    }

    /// Reads the private key that belongs to a certificate, as PEM, which is what libcurl takes.
    public static func certificateKey(_ path: String) throws(ConfigurationError) -> SecretBytes {
        let key = try key(path)
        let text = key.revealedText()
        guard text.contains("PRIVATE KEY-----") else {
            throw ConfigurationError(
                file: path, problem: "there is no private key as PEM in this file",
                hint: "client_key_file has to hold the key of the certificate as PEM"
            )
        }
        guard !text.contains("ENCRYPTED") else {
            throw ConfigurationError(
                file: path, problem: "the private key is encrypted",
                hint: "nobody could enter its passphrase; decrypt it with 'openssl pkey', and give it mode 600"
            )
        }
        return key
    }
}

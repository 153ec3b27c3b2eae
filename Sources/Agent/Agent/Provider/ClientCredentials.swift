internal import Configuration
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// The unique values of a client assertion.
struct AssertionStamp: Sendable {
    let time: any Time
    let randomBytes: @Sendable (Int) -> [UInt8]
}

/// A client's id and what authenticates it, from which an OAuth `Client` with the chosen method is built.
struct ClientCredentials {
    var id: String
    var secret: SecretBytes?
    var keyFile: String?
    var certificateFile: String?
    var assertionFile: String?

    /// Returns the method. A registered client signs with its secret only if the registration says so.
    func choose(from discovered: ServerMetadata?, isRegistered: Bool = false) -> ClientAuthentication {
        .choose(
            hasSecret: secret != nil, hasKey: keyFile != nil || assertionFile != nil,
            hasCertificate: certificateFile != nil,
            supported: discovered?.tokenEndpointAuthMethods?.filter {
                !isRegistered || $0 != ClientAuthentication.clientSecretJWT.rawValue
            }
        )
    }

    /// Returns the client. `algorithms` are the provider's for assertions. The key files are read at each request.
    func client(
        _ method: ClientAuthentication, algorithms: [String]?, _ stamp: AssertionStamp
    ) throws(ClientProofFailure) -> Client {
        switch method.means {
        case nil: return Client(id: id, authentication: .none)
        case .secret:
            guard let secret else { throw missing("client secret", "client_secret_file", method) }
            guard method == .clientSecretJWT else { return Client(id: id, secret: secret, authentication: method) }
            let signer = signer(algorithms, stamp) { AssertionKey(secret: secret) }
            return Client(id: id, signer: signer, authentication: method)
        case .key:
            if let assertionFile {
                let signer = AssertionFileSigner { () throws(ClientProofFailure) in
                    try Self.presented(assertionFile, key: "client_assertion_file", at: stamp.time.wall)
                }
                return Client(id: id, signer: signer, authentication: method)
            }
            guard let keyFile else { throw missing("private key", "client_key_file", method) }
            let signer = signer(algorithms, stamp) { () throws(ClientProofFailure) in try Self.key(keyFile) }
            return Client(id: id, signer: signer, authentication: method)
        case .certificate:
            guard let keyFile else { throw missing("private key", "client_key_file", method) }
            guard let certificateFile else { throw missing("certificate", "client_certificate_file", method) }
            return Client(id: id, authentication: method) { () throws(ClientProofFailure) in
                try Self.read { () throws(ConfigurationError) in
                    ClientCertificate(
                        chain: try ClientKeyFile.certificate(certificateFile),
                        key: try ClientKeyFile.certificateKey(keyFile)
                    )
                }
            }
        }
    }

    /// Reads the key that signs assertions.
    static func key(_ path: String) throws(ClientProofFailure) -> AssertionKey {
        try AssertionKey(
            file: try read { () throws(ConfigurationError) in try ClientKeyFile.key(path) }, path: path)
    }

    /// Reads an assertion that another program has minted, and refuses one that has expired. `key` is the account
    /// file's; `wall` is in seconds since 1970.
    static func presented(_ path: String, key: String, at wall: Int) throws(ClientProofFailure) -> SecretBytes {
        let assertion = try PresentedAssertion(
            file: try read { () throws(ConfigurationError) in try AssertionFile.read(path, key: key) }, path: path)
        try assertion.requireValid(at: wall, path: path)
        return assertion.secret
    }

    private func signer(
        _ algorithms: [String]?, _ stamp: AssertionStamp,
        key: @escaping @Sendable () throws(ClientProofFailure) -> AssertionKey
    ) -> AssertionSigner {
        AssertionSigner(
            algorithms: algorithms, wall: { stamp.time.wall }, randomBytes: stamp.randomBytes, key: key
        )
    }

    private func missing(_ what: String, _ key: String, _ method: ClientAuthentication) -> ClientProofFailure {
        ClientProofFailure(
            "the client has no \(what), and '\(method.rawValue)' needs one",
            hint: "give --\(key.replacing("_", with: "-")) FILE at login, or set \(key) in the account file"
        )
    }

    private static func read<Value>(
        _ body: () throws(ConfigurationError) -> Value
    ) throws(ClientProofFailure) -> Value {
        do throws(ConfigurationError) { return try body() } catch {
            throw ClientProofFailure(error.description, hint: error.hint)
        }
    }
}

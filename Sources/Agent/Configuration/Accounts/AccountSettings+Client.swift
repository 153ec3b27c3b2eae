internal import AgentAPI
internal import OAuth

/// The client authentication of an account.
extension AccountSettings {
    public var clientKeyFile: String? { keys.clientKeyFile }
    public var clientCertificateFile: String? { keys.clientCertificateFile }

    /// The audience of assertions; `nil` if it is the token endpoint.
    public var assertionAudience: String? { dialect.assertionAudience == .issuer ? issuer?.text : nil }

    /// Checks that the keys of the chosen method are set. Whether a secret is stored is known only to the store.
    static func checkClient(_ keys: AccountKeys, method: ClientAuthentication?) throws(Invalid) {
        for (key, path, what) in [
            ("client_secret_file", keys.clientSecretFile, "secret"), ("client_key_file", keys.clientKeyFile, "key"),
        ] where keys.clientID == nil && path != nil && !(keys.machineGrant == .jwtBearer && key == "client_key_file") {
            throw Invalid(
                key: key, problem: "a client \(what) needs a client id", hint: Self.clientIDHint(keys.provider)
            )
        }
        for (key, path) in [
            ("client_secret_file", keys.clientSecretFile), ("client_key_file", keys.clientKeyFile),
            ("client_certificate_file", keys.clientCertificateFile),
        ] {
            guard let path, !path.hasPrefix("/") else { continue }
            throw Invalid(key: key, problem: "the path is not absolute", hint: "give a path that starts with /")
        }
        if keys.clientCertificateFile != nil, keys.clientKeyFile == nil {
            throw Invalid(
                key: "client_certificate_file", problem: "client_key_file, the key of the certificate, is not set",
                hint: "set client_key_file to the key's file, or give --client-key-file FILE"
            )
        }
        guard let method else { return }
        let missing: String? =
            switch method.means {
            case .key where keys.clientKeyFile == nil && keys.clientAssertionFile == nil: "client_key_file"
            case .certificate where keys.clientCertificateFile == nil: "client_certificate_file"
            default: nil
            }
        guard let missing else { return }
        throw Invalid(
            key: "client_auth", problem: "'\(method.rawValue)' needs \(missing), which is not set",
            hint: "set \(missing), or give \(AccountKey.option(for: missing)) FILE"
        )
    }
}

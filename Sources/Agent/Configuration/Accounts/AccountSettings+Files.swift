internal import JOSE
internal import OAuth

/// The files beside the account's own, with its secret, key, certificate or assertions.
extension AccountSettings {
    struct NamedFile {
        /// The account's key that names it.
        let key: String
        let path: String
        /// Whether a program writes the file, which may not run yet.
        var mayComeLater = false
        /// Reads the file as a request to the provider does.
        let check: () throws(ConfigurationError) -> Void
    }

    var namedFiles: [NamedFile] {
        var files: [NamedFile] = []
        if let path = clientSecretFile {
            files.append(
                NamedFile(key: "client_secret_file", path: path) { () throws(ConfigurationError) in
                    _ = try ClientSecretFile.read(path)
                })
        }
        if let path = clientCertificateFile {
            files.append(
                NamedFile(key: "client_certificate_file", path: path) { () throws(ConfigurationError) in
                    _ = try ClientKeyFile.certificate(path)
                })
        }
        if let path = clientKeyFile {
            let isCertificates = clientCertificateFile != nil && clientAuthentication?.means != .key
            files.append(
                NamedFile(key: "client_key_file", path: path) { () throws(ConfigurationError) in
                    if isCertificates {
                        _ = try ClientKeyFile.certificateKey(path)
                    } else {
                        try Self.checkSigningKey(path)
                    }
                })
        }
        for (key, path) in [
            ("client_assertion_file", clientAssertionFile), ("assertion_file", assertionFile),
            ("subject_token_file", subjectTokenFile),
        ] {
            guard let path else { continue }
            files.append(
                NamedFile(key: key, path: path, mayComeLater: true) { () throws(ConfigurationError) in
                    _ = try AssertionFile.read(path, key: key)
                })
        }
        return files
    }

    private static func checkSigningKey(_ path: String) throws(ConfigurationError) {
        let key = try ClientKeyFile.key(path)
        do throws(ClientProofFailure) { _ = try AssertionKey(file: key, path: path) } catch {
            throw ConfigurationError(file: path, problem: error.text(without: path), hint: error.hint)
        }
    }
}

extension ClientProofFailure {
    /// The problem, which begins with the path that a `ConfigurationError` has already.
    fileprivate func text(without path: String) -> String {
        problem.hasPrefix(path + ": ") ? String(problem.dropFirst(path.count + 2)) : problem
    }
}

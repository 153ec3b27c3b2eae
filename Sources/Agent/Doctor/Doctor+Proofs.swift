internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import Vault

/// What an account without a person depends on beside its provider: files, and other accounts.
extension Doctor {
    /// Examines the files by which the account's client, or the account itself, proves who it is; `nil` without one.
    func proofs(_ name: AccountName, _ settings: AccountSettings) -> Examination? {
        let assertions = [
            ("client_assertion_file", settings.clientAssertionFile), ("assertion_file", settings.assertionFile),
            ("subject_token_file", settings.subjectTokenFile),
        ].compactMap { key, path in path.map { (key: key, path: $0) } }
        guard !assertions.isEmpty || settings.clientKeyFile != nil else { return nil }
        let late = Self.late(assertions.isEmpty ? .accountKey : .accountAssertion)
        return Examination(late: late) { [parts] in
            await Self.blocking {
                [Self.key(name, settings)].compactMap(\.self)
                    + assertions.map { Self.assertion(name, $0.key, $0.path, at: parts.time.wall) }
            }
        }
    }

    private static func key(_ name: AccountName, _ settings: AccountSettings) -> DoctorCheck? {
        guard let path = settings.clientKeyFile else { return nil }
        do throws(ConfigurationError) {
            if let certificate = settings.clientCertificateFile {
                _ = try ClientKeyFile.certificateKey(path)
                _ = try ClientKeyFile.certificate(certificate)
                return .accountKey(name, "the client's certificate is in \(certificate), and its key in \(path)")
            }
            let file = try ClientKeyFile.key(path)
            do throws(ClientProofFailure) {
                let key = try AssertionKey(file: file, path: path)
                return .accountKey(name, "\(path) has a key for \(key.algorithm)")
            } catch {
                return .accountKey(name, refused: error)
            }
        } catch {
            return .accountKey(name, refused: ClientProofFailure(error.description, hint: error.hint))
        }
    }

    private static func assertion(_ name: AccountName, _ key: String, _ path: String, at wall: Int) -> DoctorCheck {
        do throws(ConfigurationError) {
            let file = try AssertionFile.read(path, key: key)
            do throws(ClientProofFailure) {
                let assertion = try PresentedAssertion(file: file, path: path)
                try assertion.requireValid(at: wall, path: path)
                return .accountAssertion(name, path, expiresAt: assertion.expiresAt, at: wall)
            } catch {
                return .accountAssertion(name, refused: error)
            }
        } catch {
            return .accountAssertion(name, refused: ClientProofFailure(error.description, hint: error.hint))
        }
    }

    /// Examines the accounts whose tokens the account's are made from; `nil` without one.
    func sources(
        _ name: AccountName, _ settings: AccountSettings, _ accounts: AccountsOnDisk,
        _ states: [AccountName: AccountStatus.State]?
    ) -> Examination? {
        let sources = settings.sourceAccounts.sorted()
        guard !sources.isEmpty else { return nil }
        return Examination(late: Self.late(.accountSubject)) {
            sources.map { source in
                // A chain ends at the account that a person can do something about.
                let root = accounts.root(of: source)
                return DoctorCheck.accountSubject(name, source, root, states?[root])
            }
        }
    }
}

extension Doctor.AccountsOnDisk {
    /// The account at the end of a chain of derived accounts.
    fileprivate func root(of name: AccountName) -> AccountName {
        var name = name
        // A cycle is refused with the files, so the chain is not longer than the list.
        for _ in settings {
            guard let next = settings.first(where: { $0.name == name })?.settings.derivedFrom else { break }
            name = next
        }
        return name
    }
}

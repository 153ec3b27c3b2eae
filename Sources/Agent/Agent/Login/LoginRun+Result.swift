internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Vault

/// What is kept of a login.
extension LoginRun {
    /// Writes the account file, then the store, then memory: after a crash in between, a new login repairs the rest.
    /// A failure becomes a note: the tokens are kept as long as possible.
    func keep(
        _ granted: GrantedLogin, of person: AccountVault.GrantedIdentity, _ client: AccountVault.GrantedClient,
        _ earlier: [EarlierClient], _ file: PreparedAccountFile?
    ) async -> Result<LoginResult, LoginError> {
        var unwritten: ConfigurationError?
        do throws(ConfigurationError) { try file?.commit() } catch { unwritten = error }
        let account = await accountAfterLogin()
        account.unwritten = unwritten
        if let unwritten {
            shared.logger.warning(
                "the login is kept until the agent ends: its account file cannot be written",
                metadata: ["account": "\(name)", "problem": "\(unwritten)"]
            )
        }
        let (token, unsaved) = await account.vault.adopt(
            granted.grant,
            to: client,
            of: person,
            askedScope: granted.scopes ?? settings.scopes,
            askedDetails: settings.authorizationDetails,
            requestedAt: granted.requestedAt
        )
        if let unsaved {
            shared.logger.warning(
                "the login is kept in memory until the store takes it",
                metadata: ["account": "\(name)", "store": "\(unsaved.state.rawValue)"]
            )
        } else {
            // Delete only now: after a crash, the earlier login and its client would be back.
            await clients.deleteReplaced(earlier, by: client)
        }
        let secondsLeft = token.secondsLeft(at: shared.time.now)
        return .success(
            LoginResult(
                account: name,
                subject: person.identity.map { DisplayText.clean($0.subject) },
                scope: token.scope.joined(separator: " "),
                expiresAt: secondsLeft.map { shared.time.wall + $0 },
                note: note(unwritten, unsaved, person.missing, granted.grant),
                acr: person.identity?.authentication.context.map { DisplayText.clean($0) },
                authTime: person.identity?.authentication.time
            )
        )
    }

    /// Returns the problems of a login that has succeeded, in words.
    private func note(
        _ unwritten: ConfigurationError?, _ unsaved: StoreFailure?, _ missing: NoIDToken?, _ grant: TokenGrant
    ) -> String? {
        let file = unwritten.map { "the login lives until the agent ends: \($0); \($0.hint)" }
        let store = unsaved.map {
            "the login is in the agent's memory only until the store takes it: \($0.detail); \(StoreAdvice($0).hint)"
        }
        let identity: String? =
            switch missing {
            case nil, .notIssued, .expired: nil
            case .unverified(let detail): "the ID token cannot be verified, so who logged in is not known: \(detail)"
            case .untimely(let detail):
                "the ID token is outside its validity period and not served: \(detail); check this machine's clock"
            }
        // RFC 9396 §7: what the reply does not name is not granted.
        let lost = settings.authorizationDetails?.reply(grant.authorizationDetails).notGranted ?? []
        let details =
            lost.isEmpty
            ? nil
            : "the provider has not granted authorization details of the type"
                + " '\(DisplayText.clean(lost.joined(separator: "', '"), limit: 200))'"
        let notes = [file, store, identity, details].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// Installs the account with its new settings. If the store changed, removes the record from the old one.
    func accountAfterLogin() async -> Account {
        let old = registry.known(name)
        if let old, settings.continues(old.settings) {
            old.provider.settings = settings
            old.vault.apply(settings.lockLimits)
            registry.settingsChanged(of: old)
            return old
        }
        if let old {
            do throws(StoreFailure) {
                let ended = try await old.vault.signOut()
                // No other code would revoke the replaced login at its issuer.
                let isOtherKind = settings.machineGrant != old.settings.machineGrant
                if let credential = ended.credential, isOtherKind || !settings.isOfSameLogin(as: credential.client) {
                    await sessions.endReplaced(credential, accessToken: ended.accessToken, of: old)
                }
                // In the same store the new record replaces the old one atomically.
                if old.settings.store != settings.store || isOtherKind {
                    try await old.vault.forget(ended, withClient: true)
                }
            } catch {
                shared.logger.warning(
                    "the old store still has a record",
                    metadata: ["account": "\(name)", "store": "\(old.settings.store.rawValue)"]
                )
            }
        }
        let account = registry.make(name, settings, insteadOf: old)
        await account.vault.readIfUnread(withinLogin: true)
        registry.install(account)
        return account
    }
}

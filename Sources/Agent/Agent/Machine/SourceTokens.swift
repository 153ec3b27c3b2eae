internal import Advice
internal import AgentAPI
internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// A token of another account, from which one is made.
struct SourceToken: Sendable {
    let secret: SecretBytes
    /// What it is, if it was issued by an exchange; `nil` for a login's.
    let type: TokenTypeIdentifier?
    let isIDToken: Bool
}

/// The tokens of other accounts, for requests that need them. No rule is asked: the file of the account whose token is
/// made names the other one, and its rule is that of the derived account.
final class SourceTokens: Sendable {
    private struct Registry: Sendable { weak var registry: AccountRegistry? }

    /// Set once; the registry owns the accounts that come here.
    private let weakly = Mutex(Registry())

    private let waits = SourceWaits()

    func connect(to registry: AccountRegistry) { weakly.withLock { $0.registry = registry } }

    private static let minimumValidity: Duration = .seconds(Limits.defaultMinimumValidity)

    /// Returns a valid token of the account for a request of `dependent`. `taking`: no other request gets the same,
    /// unless it is an access token.
    func token(
        of name: AccountName, for dependent: AccountName, idToken: Bool, taking: Bool
    ) async throws(TokenFailure) -> SourceToken {
        let account = try account(name)
        guard waits.begin(of: dependent, for: name) else {
            throw .providerUnreachable(detail: "the accounts '\(dependent)' and '\(name)' are being changed")
        }
        defer { waits.end(of: dependent, for: name) }
        do throws(TokenFailure) { return try await token(of: account, idToken: idToken, taking: taking) } catch {
            // Do not wait for a reload that is replacing the account: it waits for this request.
            guard !account.vault.isRetired else {
                throw .providerUnreachable(detail: "the account '\(name)' is being replaced")
            }
            throw failure(error, of: name, for: taking ? .jwtBearer : .tokenExchange)
        }
    }

    private func token(
        of account: Account, idToken: Bool, taking: Bool
    ) async throws(TokenFailure) -> SourceToken {
        let vault = account.vault
        let served =
            taking
            ? try await vault.takeToken(minimumValidity: Self.minimumValidity)
            : try await vault.token(minimumValidity: Self.minimumValidity, needsIDToken: idToken)
        guard idToken else {
            return SourceToken(secret: served.token.secret, type: served.token.issuedType, isIDToken: false)
        }
        guard let secret = served.token.idToken?.secret else { throw .noIDToken(.notIssued) }
        return SourceToken(secret: secret, type: .idToken, isIDToken: true)
    }

    /// Renews a token that a provider has refused; returns whether the account has another one now. A login is renewed
    /// once a minute at most, for all accounts that report its token.
    func renew(_ token: SourceToken, of name: AccountName, for dependent: AccountName) async -> Bool {
        guard !token.isIDToken, let vault = try? account(name).vault else { return false }
        // A token that was handed out once is gone: the next request gets another.
        guard let held = vault.heldToken(for: nil), held.secret == token.secret else { return true }
        guard waits.begin(of: dependent, for: name) else { return false }
        defer { waits.end(of: dependent, for: name) }
        let rejection = try? await vault.reject(nil) { $0 == token.secret }
        return rejection == .renewed
    }

    /// Has accounts without a person try again at once, and those from whose tokens theirs are made.
    func tryAgain(_ names: Set<AccountName>) {
        for name in names {
            guard let account = try? account(name), account.settings.machineGrant != nil else { continue }
            account.vault.forgetBackoff()
            tryAgain(account.settings.sourceAccounts)
        }
    }

    private func account(_ name: AccountName) throws(TokenFailure) -> Account {
        guard let registry = weakly.withLock({ $0.registry }) else { throw .abandoned }
        do throws(Problem) { return try registry.account(name) } catch {
            throw .configuration(detail: "\(error.detail)\(error.hint.map { " (\($0))" } ?? "")")
        }
    }

    /// Returns what the failure of the other account means to the one whose token is made from its token.
    private func failure(_ failure: TokenFailure, of name: AccountName, for grant: MachineGrant) -> TokenFailure {
        switch failure {
        case .loginRequired, .loginDemanded: .subjectLoginRequired(name)
        case .subjectLoginRequired, .locked, .abandoned: failure
        case .store(let failure): .store(failure.naming(name))
        case .providerUnreachable(let detail): .providerUnreachable(detail: "the provider of '\(name)': \(detail)")
        case .configuration(let detail): .configuration(detail: "'\(name)': \(detail)")
        // The account file asks for an ID token that the other account does not have.
        case .noIDToken: .configuration(detail: Problem(failure, account: name).detail)
        case .providerRejected, .identityRefused, .targetRefused, .clientRefused, .providerChanged, .grantRefused:
            rejected(Problem(failure, account: name), for: grant)
        }
    }

    /// A client that the other account's provider does not know is a fault of that account's file.
    private func rejected(_ problem: Problem, for grant: MachineGrant) -> TokenFailure {
        problem.code == .configurationError
            ? .configuration(detail: problem.detail)
            : .grantRefused(GrantRefusal(of: grant, code: GrantRefusal.sourceFailed, detail: problem.detail))
    }
}

extension StoreFailure {
    /// The same with the name of the account whose store it is.
    fileprivate func naming(_ account: AccountName) -> StoreFailure {
        var failure = self
        failure.detail = "the store of '\(account)': \(detail)"
        return failure
    }
}

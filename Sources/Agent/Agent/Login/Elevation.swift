internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// The end of an elevated login: its token is kept in memory beside the account's login, which stays as it is.
struct Elevation: Sendable {
    let name: AccountName
    let settings: AccountSettings
    let shared: SharedParts
    let registry: AccountRegistry

    /// Loads the account, and the login that the elevated one is kept beside.
    func begin() async throws(LoginError) {
        let account: Account
        do throws(Problem) { account = try registry.account(name) } catch {
            throw .unsuitable(problem: error.detail, hint: error.hint ?? "run 'authagent login \(name)' first")
        }
        await account.vault.readIfUnread()
        // Without the store, neither the client's secret nor the person of the account's login is known.
        if case .unread(let failure?) = account.vault.snapshot(keepAlive: nil).login { throw .store(failure) }
        guard account.vault.client != nil else {
            throw .unsuitable(
                problem: "there is no login of '\(name)' for an elevated one to be beside",
                hint: "run 'authagent login \(name)' first")
        }
        // Else the token of another person who approves would become the account's strongest.
        guard account.vault.identity != nil || settings.expectedSubject != nil else {
            throw .unsuitable(
                problem: "it is not known whose the login of '\(name)' is, so an elevated one could be another's",
                hint: "set expected_subject in the account file, or first log in with --scope openid and the other"
                    + " scopes")
        }
    }

    /// Keeps the login; throws why it is discarded. `identity` is that of its verified ID token.
    func keep(
        _ granted: GrantedLogin, of identity: Identity?, _ client: AccountVault.GrantedClient
    ) throws(LoginRejection) -> LoginResult {
        guard let account = registry.known(name), settings.continues(account.settings) else { throw .accountChanged }
        guard let identity, let context = identity.authentication.context else {
            throw .stepUpUnmet("is not shown by the ID token: it names none")
        }
        let token: AccessToken
        do throws(AccountVault.ElevationRefusal) {
            token = try account.vault.elevate(
                granted.grant, to: client, of: identity, in: context, askedScope: granted.scopes ?? settings.scopes,
                askedDetails: settings.authorizationDetails, requestedAt: granted.requestedAt)
        } catch {
            switch error {
            case .locked, .retired: throw .accountChanged
            case .otherSubject(let expected): throw .otherPerson(expected: expected, found: identity.subject)
            }
        }
        return LoginResult(
            account: name, subject: DisplayText.clean(identity.subject), scope: token.scope.joined(separator: " "),
            expiresAt: token.secondsLeft(at: shared.time.now).map { shared.time.wall + $0 }, elevated: true,
            acr: DisplayText.clean(context), authTime: identity.authentication.time)
    }
}

internal import SecretMemory

/// The state of one account's login and tokens, and the decisions that follow from it. Pure: no I/O, no clock.
///
/// `AccountVault` calls it under a lock and acts outside. Requests are decided in `+Request` and `+Rejection`; results
/// come in through `+Refresh`, `+Login`, `+Lock` and `+Storage`.
package struct AccountState: Sendable {
    enum Login: Sendable, Equatable {
        /// The store has not been read yet, or could not be.
        case unread(StoreFailure?)
        case signedOut(LoginRequiredReason)
        case active(Credential)
        /// The provider has ended it. Kept until a new login or a logout replaces it.
        case dead(Credential, LoginRequiredReason)
    }

    /// Grows with every login, logout and end of a login: a result that belongs to an older version is dropped.
    package private(set) var version: UInt64 = 0
    var login: Login = .unread(nil)
    /// The largest generation seen, also of logins that have ended.
    var generation: UInt64 = 0
    var lastGrant: ContinuousClock.Instant?
    package internal(set) var slots = TokenSlots()
    /// What the tokens have brought at AWS.
    var roles = RoleSessions()
    /// The logins with a named authentication context, beside this one.
    package internal(set) var elevated = ElevatedLogins()
    /// The last refresh with claims that a service has demanded.
    var claims: ClaimsRequest?
    var missingIDToken: MissingIDToken?
    var lock = AccountLock()
    var storage = Storage()
    var doubts = RefreshTokenDoubts()
    var notices = Notices()
    /// The latest expiries that clients have got with a token.
    var expiries = KnownExpiries()
    /// Whether the account has no login: what its requests need is read from its settings, and perhaps the store.
    var isMachine = false
    /// To which hosts alone an account without a person sends its secrets, while it is unread; `nil` if to any.
    var machineHosts: Set<String>?
    /// When the provider has last refused a token of another account that was renewed for it.
    var sourceRefusedAt: ContinuousClock.Instant?
    /// Whether the agent has asked the user to renew the login, which has ended.
    var isRenewing = false

    package init() {}

    /// Why the last login or refresh brought no ID token to serve.
    struct MissingIDToken: Sendable {
        var why: NoIDToken
        /// When another refresh may bring one; `nil` if it will not.
        var until: ContinuousClock.Instant?
    }

    /// What the store lacks, and when to turn to it again.
    struct Storage: Sendable {
        /// Set while the store lacks what memory holds.
        var unsaved: Unsaved?
        /// When to read a store again that could not be read, without a request.
        var readAgain: ContinuousClock.Instant?
        /// The journal key in the store's record: entries sealed with another one could not be opened after a restart.
        var journalKey: SecretBytes?
    }

    /// What speaks against the refresh token; a refresh that succeeds clears it.
    struct RefreshTokenDoubts: Sendable {
        /// A request may have spent the refresh token: its answer was lost, or could not be read.
        var mayBeSpent = false
        /// Such a request was an earlier process's, which ended before the answer.
        var wasInterrupted = false
        /// Refusals in a row without an OAuth error.
        var rejections = 0
        /// Refusals in a row with an error that may mean a dead grant.
        var doubtfulErrors = 0
    }

    /// What `AccountVault.changed` has yet to report, and what it must not report again.
    struct Notices: Sendable {
        var news: [AccountNews] = []
        /// What ends the tokens that were made from the account's.
        var sourceChanges: [SourceChange] = []
        var isDemandReported = false
        var isMissingRefreshTokenReported = false
    }

    /// A definite refusal without an OAuth error may be a passing fault of a proxy; this many in a row, each after the
    /// back-off, are not.
    static let rejectionsThatEndALogin = 3
    /// As many refusals that blame the client or the request, but may mean the grant, demand a new login.
    static let doubtsThatDemandALogin = 3
    /// Each read is a run of the keyring helper, and no request waits for it.
    static let readGap: Duration = .seconds(60)
    /// Three rejections with this gap outlast a gateway that is being restarted.
    static let rejectionGap: Duration = .seconds(60)

    /// Whether the store is to be read. Not while the account is locked: what is read would be in memory.
    var isUnread: Bool {
        if case .unread = login { !lock.isClosed } else { false }
    }

    var storeFailure: StoreFailure? {
        if case .unread(let failure) = login { failure } else { nil }
    }

    package var credential: Credential? {
        switch login {
        case .active(let credential), .dead(let credential, _): credential
        case .unread, .signedOut: nil
        }
    }

    /// Makes results that are under way obsolete. Tokens with a target and credentials of roles belong to a version.
    mutating func beginVersion() {
        version += 1
        slots.dropTargeted()
        roles = RoleSessions()
        claims = nil
        sourceRefusedAt = nil
    }

    /// Makes this the login's credential.
    mutating func activate(_ credential: Credential) {
        login = .active(credential)
        generation = max(generation, credential.generation)
    }
}

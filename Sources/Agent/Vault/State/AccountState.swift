internal import SecretMemory

/// What one account's login and token are at a moment, and what is to be done next. Pure: no I/O, no clock.
///
/// Whoever holds it (`AccountVault`) asks under a lock and acts outside. What is asked of it is in `AccountState+Request`,
/// what changes it in `+Login`, `+Refresh`, `+Lock`, `+Unsaved` and `+Target`.
package struct AccountState: Sendable {
    package enum Login: Sendable, Equatable {
        /// The store has not been read yet, or could not be.
        case unread(StoreFailure?)
        case signedOut(LoginRequiredReason)
        case active(Credential)
        /// The provider has ended it. Kept until a new login or a logout replaces it.
        case dead(Credential, LoginRequiredReason)
    }

    package enum Decision: Sendable, Equatable {
        case serve(ServedToken)
        case fail(TokenFailure)
        case refresh(Credential)
        /// The last refresh failed: nobody waits for the next one while the token is still valid.
        case serveAndRefresh(ServedToken, Credential)
        case read
    }

    /// Grows with every login, logout and end of a login: an answer that belongs to an older version is dropped.
    package internal(set) var version: UInt64 = 0 {
        didSet { targeted = TargetedTokens() }
    }
    package internal(set) var login: Login = .unread(nil)
    package internal(set) var token: AccessToken?
    package internal(set) var lock = AccountLock()
    package internal(set) var lastFailure: TokenFailure?
    package internal(set) var backoff = Backoff()
    /// Set while the store lacks what memory holds.
    package internal(set) var unsaved: Unsaved?
    /// When to refresh ahead of expiry, if the account is in use.
    package internal(set) var renewal: ContinuousClock.Instant?
    /// Whether anybody asked for this token since it came.
    package internal(set) var isInUse = false
    package internal(set) var lastGrant: ContinuousClock.Instant?
    /// When a refresh last replaced the login's own token.
    var replacedAt: ContinuousClock.Instant?
    /// Why the last login or refresh brought no ID token to serve, and when it is worth asking again.
    var missingIDToken: (why: NoIDToken, until: ContinuousClock.Instant?)?
    /// When to look again into a store that could not be read, without being asked.
    package internal(set) var readAgain: ContinuousClock.Instant?
    /// The largest generation seen, also of logins that are over.
    package internal(set) var generation: UInt64 = 0
    /// Tokens with another target than the login's own; gone with every change of `version`.
    var targeted = TargetedTokens()
    /// The refresh token may have been spent by a request whose answer was not seen, or could not be read.
    var isPerhapsSpent = false
    /// Such a request was an earlier process's, which did not live to see the answer.
    var wasInterrupted = false
    /// The key of the journal's entries that the store's record holds: with another one they could not be opened after
    /// a restart.
    var storedJournalKey: SecretBytes?
    /// Refusals without an OAuth error, in a row.
    var rejections = 0
    /// Refusals in a row with an error that may mean a dead grant.
    var grantDoubts = 0
    var isToldOfDemand = false
    /// What nobody has been told yet; see `AccountVault.changed`.
    package internal(set) var news: [AccountNews] = []
    var isToldOfNoRefreshToken = false

    package struct Unsaved: Sendable, Equatable {
        /// Why the last attempt to write failed, if there was one.
        package var failure: StoreFailure?
        package var backoff = Backoff()
        /// When to write.
        package var due: ContinuousClock.Instant
        /// Whether the credential survives this process all the same.
        package var isJournaled: Bool
        /// Whether a new attempt to write is under way.
        package var isBeingWritten = false

        package init(due: ContinuousClock.Instant, isJournaled: Bool) {
            self.due = due
            self.isJournaled = isJournaled
        }
    }

    package init() {}

    /// A definite refusal without an OAuth error may be a passing fault of a proxy; this many in a row, each after the
    /// back-off, are not.
    package static let rejectionsThatEndALogin = 3
    /// As many refusals that blame the client or the request, but may mean the grant, demand a new login.
    package static let doubtsThatDemandALogin = 3
    /// Each look is a run of the keyring helper; nobody waits for it.
    package static let readGap: Duration = .seconds(60)
    package static let rejectionGap: Duration = .seconds(60)

    /// Whether the store is to be read. Not while the account is locked: what is read would be in memory.
    package var isUnread: Bool {
        if case .unread = login { !lock.isClosed } else { false }
    }

    package var storeFailure: StoreFailure? {
        if case .unread(let failure) = login { failure } else { nil }
    }

    package var credential: Credential? {
        switch login {
        case .active(let credential), .dead(let credential, _): credential
        case .unread, .signedOut: nil
        }
    }
}

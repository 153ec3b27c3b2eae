public import AgentAPI

/// The port through which a rotated refresh token survives a crash between the provider's reply and the store, and a
/// store that is locked, hung or dead. `SealedJournal` is the real one.
///
/// Every entry is sealed with the credential's own `journalKey`, which only the account's store and locked memory hold.
/// Functions that write are durable on return.
public protocol RotationJournal: Sendable {
    /// Notes that this credential's refresh token is about to be spent, and reserves room for its successor, so that a
    /// full disk is found before the old token is spent.
    func begin(_ credential: Credential) async throws(StoreFailure)
    /// Withdraws the note: the refresh token was not replaced.
    func abandon(_ credential: Credential) async
    /// Keeps the credential that has replaced the noted one.
    func complete(_ credential: Credential) async throws(StoreFailure)
    /// Forgets entries that are not newer than the store's record, which has this generation. An entry that cannot be
    /// removed is obsolete all the same.
    func clear(_ account: AccountName, upTo generation: UInt64) async
    /// Notes that the login has ended, because the store still has its record.
    func end(_ credential: Credential) async throws(StoreFailure)
    /// Forgets the account.
    func forget(_ account: AccountName) async
    /// Returns what the journal has beyond the store, whose record this is.
    func finding(after credential: Credential) async throws(StoreFailure) -> JournalFinding
}

/// What a journal has of an account after a restart.
public struct JournalFinding: Equatable, Sendable {
    /// A newer credential than the store's.
    public var newer: Credential?
    /// A request whose answer was not kept may have spent the newest refresh token.
    public var isBegun: Bool
    /// The login has ended, whatever the store has.
    public var isEnded: Bool

    public init(newer: Credential? = nil, isBegun: Bool = false, isEnded: Bool = false) {
        self.newer = newer
        self.isBegun = isBegun
        self.isEnded = isEnded
    }
}

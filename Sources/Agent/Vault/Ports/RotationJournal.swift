public import AgentAPI

/// The port through which a rotated refresh token survives whatever happens between the provider's reply and the store:
/// a crash, or a store that is locked, hung or dead. `SealedJournal` is the real one.
///
/// Every entry is sealed with the credential's own `journalKey`, which only the account's store and locked memory hold.
/// Functions that write are durable on return.
public protocol RotationJournal: Sendable {
    /// Notes that the refresh token of this credential is about to be spent, and makes room for what will replace it, so
    /// that a full disk is found before the old token is gone.
    func begin(_ credential: Credential) async throws(StoreFailure)
    /// The refresh token was not replaced.
    func abandon(_ credential: Credential) async
    /// Keeps the credential that has replaced the one before.
    func complete(_ credential: Credential) async throws(StoreFailure)
    /// Forgets what is no newer than the store's record, which is of this generation. An entry that cannot be removed is
    /// obsolete all the same.
    func clear(_ account: AccountName, upTo generation: UInt64) async
    /// Notes that the login is over, because the store still has its record.
    func end(_ credential: Credential) async throws(StoreFailure)
    /// Forgets the account.
    func forget(_ account: AccountName) async
    /// What the journal knows beyond the store, whose record this is.
    func finding(after credential: Credential) async throws(StoreFailure) -> JournalFinding
}

/// What a journal knows of an account after a restart.
public struct JournalFinding: Equatable, Sendable {
    /// A newer credential than the store's.
    public var newer: Credential?
    /// The newest refresh token may have been spent by a request whose answer nobody has.
    public var isBegun: Bool
    /// The login is over, whatever the store has.
    public var isEnded: Bool

    public init(newer: Credential? = nil, isBegun: Bool = false, isEnded: Bool = false) {
        self.newer = newer
        self.isBegun = isBegun
        self.isEnded = isEnded
    }
}

public import AgentAPI
public import OAuth

/// The port through which an account without a person gets its tokens, each by a request of its own.
public protocol MachineRequester: Sendable {
    /// Whether a request may need what a login has put into the store.
    var needsStore: Bool { get }
    /// Returns what the account's requests need. `stored` is the store's record; `nil` if there is none, or it was not
    /// read.
    func credential(stored: Credential?) -> Credential
    /// Requests the account's own token, or one with a target. `mayRenewSource`: a token of another account that the
    /// provider refuses is renewed, and the request repeated once.
    func request(
        _ credential: Credential, for target: TokenTarget?, claims: String?, mayRenewSource: Bool
    ) async -> MachineResult
}

/// The result of a request for a token without a person.
public enum MachineResult: Sendable {
    /// `hosts`: those of the endpoints that were used; `nil` if they are configured by hand.
    case answered(MachineReply, hosts: Set<String>?)
    /// Nothing was sent, because the token of another account, from which this one is made, is missing.
    case lacksSource(TokenFailure)
}

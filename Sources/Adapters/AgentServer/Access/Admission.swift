internal import AgentAPI
internal import Policy

/// A request that the rules allow.
struct Admission: Sendable {
    let caller: Caller
    /// The facts about the caller that were known at the decision.
    let facts: CallerFacts
    let request: AccessRequest
    /// The most that a token may grant; `nil` if the rules set no bound.
    let bound: TokenBound?
    let rule: Int?
    /// Whether the caller gets full replies, with the owner's paths, other accounts and the stores' messages.
    let isTrusted: Bool
    /// The user to whom the request counts: a subordinate user's owner; `nil` for the agent's owner and root.
    let accountable: UInt32?

    /// The limits of the caller, for the service.
    var limits: CallerLimits { CallerLimits(bound: bound, user: accountable) }

    /// Whether the request changes nothing.
    var isReading: Bool { request.permissions.allSatisfy { [.token, .idToken, .status].contains($0) } }

    /// Returns the audit record of the request with its result.
    func record(_ result: AccessRecord.Result) -> AccessRecord {
        AccessRecord(
            caller: caller, permissions: request.permissions, account: request.account,
            scopes: request.scopes.isEmpty && request.awsRole == nil ? bound?.scopes?.scopes ?? [] : request.scopes,
            result: result, rule: rule, awsRole: request.awsRole
        )
    }
}

internal import AgentAPI
internal import Policy

/// A request that the rules allow, until it is answered.
struct Admission: Sendable {
    let caller: Caller
    /// What was known of the caller when it was decided.
    let facts: CallerFacts
    let request: AccessRequest
    /// What a token may be good for at most.
    let bound: TokenBound?
    let rule: Int?
    /// Whether the caller is told everything: paths of the agent's user, other accounts, what a store says.
    let isTrusted: Bool

    /// Whether it changes nothing.
    var isReading: Bool { request.permissions.allSatisfy { [.token, .idToken, .status].contains($0) } }

    /// What becomes of the request.
    func record(_ result: AccessRecord.Result) -> AccessRecord {
        AccessRecord(
            caller: caller, permissions: request.permissions, account: request.account,
            scopes: request.scopes.isEmpty ? bound?.scopes?.scopes ?? [] : request.scopes, result: result, rule: rule
        )
    }
}

internal import AgentAPI
internal import Policy

/// A request that the rules allow.
struct Admission: Sendable {
    let caller: Caller
    /// The facts about the caller that were known at the decision.
    let facts: CallerFacts
    var request: AccessRequest
    /// The most that a token may grant; `nil` if the rules set no bound.
    let bound: TokenBound?
    let rule: Int?
    /// Whether the agent's owner has yet to confirm the request, and how often; `nil` if not.
    var confirm: Confirmation?
    /// The generation of the rules, for a confirmation.
    var generation: UInt64 = 0
    /// What became of the confirmation; `nil` if none was required.
    var confirmation: ConfirmationRecord?
    /// Whether the caller gets full replies, with the owner's paths, other accounts and the stores' messages.
    let isTrusted: Bool
    /// The user to whom the request counts: a subordinate user's owner; `nil` for the agent's owner and root.
    let accountable: UInt32?

    /// The limits of the caller, for the service.
    var limits: CallerLimits { CallerLimits(bound: bound, user: accountable) }

    /// Whether the request changes nothing.
    var isReading: Bool { request.permissions.allSatisfy { [.token, .idToken, .status].contains($0) } }

    /// Returns the admission with what became of its confirmation.
    func confirmed(_ record: ConfirmationRecord) -> Admission {
        var admission = self
        (admission.confirm, admission.confirmation) = (nil, record)
        return admission
    }

    /// Returns the audit record of the request with its result.
    func record(_ result: AccessRecord.Result, reason: String? = nil) -> AccessRecord {
        AccessRecord(
            caller: caller, permissions: request.permissions, account: request.account,
            scopes: request.scopes.isEmpty && request.awsRole == nil ? bound?.scopes?.scopes ?? [] : request.scopes,
            result: result, reason: reason, rule: rule, authorizationTypes: request.authorizationTypes,
            awsRole: request.awsRole, confirmation: confirmation
        )
    }
}

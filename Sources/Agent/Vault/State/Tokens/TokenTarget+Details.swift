public import AgentAPI
public import OAuth

extension TokenTarget {
    /// The authorization details, from their text; `nil` if there are none.
    public var details: AuthorizationDetails? {
        authorizationDetails.flatMap { try? AuthorizationDetails(parsing: $0) }
    }
}

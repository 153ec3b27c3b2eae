internal import AgentAPI
internal import OAuth

/// Authorization details (RFC 9396) as a request names them. From here on their text is canonical, so that two requests
/// for the same details share a token.
extension AuthorizationDetails {
    /// Returns the details; `nil` if the request names none.
    static func requested(_ text: String?, hint: String) throws(Problem) -> AuthorizationDetails? {
        guard let text else { return nil }
        do throws(Rejection) { return try AuthorizationDetails(parsing: text) } catch {
            throw Problem(.badRequest, "authorization_details: \(error)", hint: hint)
        }
    }
}

extension TokenTarget {
    /// The types of the authorization details, which the rules decide about.
    var detailTypes: [String] {
        authorizationDetails.flatMap { try? AuthorizationDetails(parsing: $0) }?.types ?? []
    }
}

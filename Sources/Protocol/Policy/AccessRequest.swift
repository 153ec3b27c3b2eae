public import AgentAPI

/// A request as the rules see it.
public struct AccessRequest: Equatable, Sendable {
    /// The required permissions, the most significant first.
    public var permissions: [Permission]
    /// `nil` if the request is about the agent as a whole.
    public var account: AccountName?
    /// The scopes that the request names.
    public var scopes: [String]
    /// The types of the authorization details that the request names (RFC 9396 §2).
    public var authorizationTypes: [String]
    /// The role at AWS whose credentials it requests.
    public var awsRole: AWSRole?

    public init(
        _ permissions: [Permission], on account: AccountName?, scopes: [String] = [],
        authorizationTypes: [String] = [], awsRole: AWSRole? = nil
    ) {
        self.permissions = permissions
        self.account = account
        self.scopes = scopes
        self.authorizationTypes = authorizationTypes
        self.awsRole = awsRole
    }

    /// A request for credentials of a role at AWS, for which the agent uses the login's token.
    public init(of role: AWSRole, on account: AccountName?) {
        self.init(role.needsIDToken ? [.token, .idToken] : [.token], on: account, awsRole: role)
    }
}

internal import OAuth

/// The source of a token's scopes, which decides how far a bound on them may rely on it.
public enum ScopeOrigin: Sendable, Equatable {
    /// The provider's reply named them.
    case named
    /// The reply named none. `atMost` are the login's scopes by an earlier reply, which a renewal cannot exceed
    /// (RFC 6749 §6); `nil` if no reply has named any.
    case omitted(atMost: [String]?)
    /// The reply named an empty list, or something that is not a list of scopes.
    case unclear
}

extension ScopeOrigin {
    /// `credential` is the login before the grant; `nil` for the grant of the login itself.
    init(_ grant: TokenGrant, of credential: Credential?) {
        guard grant.isScopeComplete else {
            self = .unclear
            return
        }
        switch grant.scope {
        case nil: self = .omitted(atMost: credential.flatMap { $0.isScopeNamed ? $0.scope : nil })
        case let scope?: self = scope.isEmpty ? .unclear : .named
        }
    }
}

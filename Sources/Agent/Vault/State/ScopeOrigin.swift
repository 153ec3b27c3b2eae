internal import OAuth

/// How a token's scopes are known: what a bound on them may rely on.
public enum ScopeOrigin: Sendable, Equatable {
    /// The provider's reply named them.
    case named
    /// The reply named none. `atMost` is what the login has by an earlier reply, which a renewal cannot exceed
    /// (RFC 6749 §6); nil if no reply has named that.
    case omitted(atMost: [String]?)
    /// The reply named an empty list, or something that is not a list of scopes.
    case unclear
}

extension ScopeOrigin {
    /// Of a token from `grant`; `credential` is what the login was before it, nil for the grant of the login itself.
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

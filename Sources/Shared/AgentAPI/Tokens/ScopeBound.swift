/// The scopes that a token may have at most. Scopes are compared character by character (RFC 6749 §3.3).
public struct ScopeBound: Hashable, Sendable {
    /// Sorted, each once, never empty.
    public let scopes: [String]

    /// Creates a bound; `nil` without scopes, because a caller without permitted scopes must not get a token.
    public init?(_ scopes: [String]) {
        guard !scopes.isEmpty else { return nil }
        self.scopes = Set(scopes).sorted()
    }

    /// Returns the scopes of `others` that exceed the bound. This comparison decides about access, so it is exact: one
    /// provider's short name for a scope is another provider's scope.
    public func beyond(_ others: [String]) -> [String] {
        others.filter { other in !scopes.contains { $0.utf8.elementsEqual(other.utf8) } }
    }
}

/// The most that a token may be good for. Scopes are told apart letter by letter (RFC 6749 §3.3).
public struct ScopeBound: Hashable, Sendable {
    /// Sorted, each once, never empty.
    public let scopes: [String]

    /// `nil` without scopes: a caller that may have none is not to be given a token at all.
    public init?(_ scopes: [String]) {
        guard !scopes.isEmpty else { return nil }
        self.scopes = Set(scopes).sorted()
    }

    /// Those of `others` that are not within the bound. The only comparison that decides over access: case, spelling and
    /// short names count, because one provider's short name is another provider's scope.
    public func beyond(_ others: [String]) -> [String] {
        others.filter { other in !scopes.contains { $0.utf8.elementsEqual(other.utf8) } }
    }
}

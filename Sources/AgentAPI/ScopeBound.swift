/// The most that a token may be good for. Scopes are told apart letter by letter (RFC 6749 §3.3).
public struct ScopeBound: Hashable, Sendable {
    /// Sorted, each once, never empty.
    public let scopes: [String]

    /// Nil without scopes: whoever may have none is not to be given a token at all.
    public init?(_ scopes: [String]) {
        guard !scopes.isEmpty else { return nil }
        self.scopes = Set(scopes).sorted()
    }

    /// Those that the bound does not have.
    public func beyond(_ asked: [String]) -> [String] { asked.filter { !scopes.contains($0) } }
}

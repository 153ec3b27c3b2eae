internal import AgentAPI

/// The facts that wait for their hook. Pure. Newer facts of the same kind about the same account or store replace older
/// ones, at the end: hooks run in the order in which things were last seen.
struct HookQueue: Sendable {
    private struct Key: Hashable {
        var event: HookFacts.Event
        var account: AccountName?
        var store: String?
    }

    private var facts: [HookFacts] = []
    /// The number of facts that found no room since the last call of `takeDropped`.
    private var dropped = 0

    /// More than the accounts of a machine; each hook takes 30 s at most.
    static let most = 64

    var isEmpty: Bool { facts.isEmpty }

    mutating func add(_ new: HookFacts) {
        facts.removeAll { Self.key($0) == Self.key(new) }
        guard facts.count < Self.most else { return dropped += 1 }
        facts.append(new)
    }

    /// Takes the oldest facts.
    mutating func next() -> HookFacts? { facts.isEmpty ? nil : facts.removeFirst() }

    mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }

    private static func key(_ facts: HookFacts) -> Key {
        Key(event: facts.event, account: facts.account, store: facts.store)
    }
}

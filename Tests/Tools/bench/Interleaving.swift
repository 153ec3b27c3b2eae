/// Subjects measured in turns, A B C A B C …, so that other load on the machine affects all of them alike.
struct Interleaving: Sendable {
    private(set) var rounds: [[String: Load]] = []

    mutating func add(_ round: [String: Load]) { rounds.append(round) }

    func load(_ name: String) -> Load { .median(of: rounds.compactMap { $0[name] }) }

    /// The median over all rounds of the ratio of two subjects' figures in the same round.
    func ratio(_ figure: KeyPath<Load, Double>, _ name: String, to other: String) -> Double {
        rounds.compactMap { round in
            guard let own = round[name], let other = round[other] else { return nil }
            return own[keyPath: figure] / other[keyPath: figure]
        }.median
    }

    static func measure(
        rounds: Int, _ subjects: [(name: String, measure: () async throws -> Load)]
    ) async throws -> Interleaving {
        var result = Interleaving()
        for _ in 0..<rounds {
            var round: [String: Load] = [:]
            for subject in subjects { round[subject.name] = try await subject.measure() }
            result.add(round)
        }
        return result
    }
}

/// Concurrent trials of one policy, each with its own home.
struct Trials {
    private let trials: [Trial]
    /// An undisturbed refresh.
    let reference: SystemCalls

    static func start(of policy: Policy, store: Store, count: Int) async throws -> Trials {
        var trials: [Trial] = []
        for _ in 0..<count { trials.append(try await Trial(policy, store: store)) }
        guard let reference = try await trials.first?.refresh(killingAt: .never).calls else {
            throw TrialFailure("there is no trial")
        }
        return Trials(trials: trials, reference: reference)
    }

    /// Returns a cell for each point, in no particular order.
    func run(_ points: KillPoints) async throws -> [Cell] {
        try await withThrowingTaskGroup(of: [Cell].self) { group in
            for trial in trials {
                group.addTask {
                    var cells: [Cell] = []
                    while let point = points.take() {
                        try Task.checkCancellation()
                        do { cells.append(try await trial.run(killingAt: point)) } catch {
                            try Task.checkCancellation()
                            throw TrialFailure("point \(point) of \(trial.policy.rawValue): \(error)")
                        }
                        if cells.last?.calls.isKilled == true { points.killed(at: point) }
                    }
                    return cells
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}

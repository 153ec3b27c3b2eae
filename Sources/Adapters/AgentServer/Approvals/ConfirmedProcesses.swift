internal import AgentAPI
internal import Policy

/// The processes that have an approval under `confirm = "first"`, as long as they live. Pure but for their liveness.
package struct ConfirmedProcesses: Sendable {
    private var questions: [ApprovalQuestion] = []

    /// Each holds a descriptor. A process whose entry is dropped is asked about again.
    package static let most = 256
    package static let mostOfOne = 64

    package init() {}

    package var count: Int { questions.count }

    package func covers(_ question: ApprovalQuestion) -> Bool { questions.contains { $0.shares(question) } }

    package mutating func add(_ question: ApprovalQuestion) {
        questions.removeAll { $0.process?.isAlive != true || $0.shares(question) }
        guard question.confirm == .first, question.process?.isAlive == true else { return }
        // A user's oldest entry makes room for that user's next: no user displaces another's.
        if questions.count(where: { $0.person == question.person }) >= Self.mostOfOne,
            let oldest = questions.firstIndex(where: { $0.person == question.person })
        {
            questions.remove(at: oldest)
        }
        if questions.count >= Self.most {
            guard let oldest = questions.firstIndex(where: { $0.person != nil }) else { return }
            questions.remove(at: oldest)
        }
        questions.append(question)
    }

    package mutating func forget() { questions = [] }
}

internal import AgentAPI
internal import Formats
internal import Policy

/// The questions to the agent's owner.
extension Router {
    func approvals(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            .json(ApprovalList(gate.access.approvals.pending))
        }
    }

    func answerApproval(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let answer = try requiredBody(routed.request, ApprovalAnswer.self)
            let caller = routed.identity.connected
            let person = "uid \(caller.user), pid \(caller.pid)"
            guard gate.access.approvals.answer(answer.id, approve: answer.approve, by: person) != nil else {
                throw Problem(
                    .notFound, "no request '\(DisplayText.clean(answer.id, limit: 40))' waits for a confirmation",
                    hint: "run 'authagent approvals' to list them")
            }
            return .json(ApprovalReply(id: answer.id, approved: answer.approve))
        }
    }
}

internal import AgentAPI

// What is said to callers who are neither the agent's own user nor root: nothing of the paths, the stores and the
// troubles of whom the agent belongs to.

extension AgentStatus {
    var forStrangers: AgentStatus {
        var status = self
        (status.storeDetail, status.storeHint) = (nil, nil)
        (status.sealedDetail, status.sealedHint) = (nil, nil)
        return status
    }
}

extension AccountStatus {
    var forStrangers: AccountStatus {
        var status = self
        (status.lastError, status.hint) = (nil, nil)
        return status
    }
}

extension StatusReport {
    var forStrangers: StatusReport {
        StatusReport(agent: agent.forStrangers, accounts: accounts.map(\.forStrangers))
    }
}

extension LogoutReply {
    /// Whether it succeeded is theirs to know; why not may be a store's word.
    var forStrangers: LogoutReply {
        var reply = self
        if !forgotten { reply.reason = reason.map { _ in "ask whoever runs the agent" } }
        reply.clientReason = clientReason.map { _ in "ask whoever runs the agent" }
        return reply
    }
}

extension AgentEvent {
    var forStrangers: AgentEvent {
        var event = self
        // What a refusal says is about its caller.
        if news.kind != .denied { (event.news.detail, event.news.hint) = (nil, nil) }
        return event
    }
}

extension AsyncStream<LoginEvent> {
    var forStrangers: AsyncStream<LoginEvent> {
        AsyncStream { continuation in
            // No parent: ends with the events, or is cancelled by whoever stops reading.
            let task = Task {
                for await event in self { continuation.yield(event.forStrangers) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

extension LoginEvent {
    var forStrangers: LoginEvent {
        switch self {
        case .prompt, .slowed: return self
        case .retrying: return .retrying(detail: "the provider has not answered as it should")
        case .done(var result):
            result.note = result.note.map { _ in "the store has not taken the login so far" }
            return .done(result)
        case .failed(var failure):
            guard let code = Problem.Code(rawValue: failure.code) else { return self }
            let problem = Problem(code, failure.detail, hint: failure.hint).forStrangers
            (failure.detail, failure.hint) = (problem.detail, problem.hint ?? failure.hint)
            return .failed(failure)
        }
    }
}

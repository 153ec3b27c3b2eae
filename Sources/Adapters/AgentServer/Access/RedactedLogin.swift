internal import AgentAPI

extension AsyncStream<LoginEvent> {
    var redacted: AsyncStream<LoginEvent> {
        AsyncStream { continuation in
            // Unstructured task: ends with the events, or is cancelled when the watcher leaves.
            let task = Task {
                for await event in self { continuation.yield(event.redacted) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

extension LoginEvent {
    var redacted: LoginEvent {
        switch self {
        case .prompt, .slowed, .resumed: return self
        case .retrying: return .retrying(detail: "the provider did not answer the poll as expected")
        case .done(var result):
            result.note = result.note.map { _ in "the login is not stored yet" }
            return .done(result)
        case .failed(let failure): return .failed(failure.redacted)
        }
    }
}

extension LoginResponseReply {
    /// Without the words of the provider.
    var redacted: LoginResponseReply {
        LoginResponseReply(
            account: account, accepted: accepted,
            detail: accepted || detail == nil ? nil : "the response is not the one that the login waits for")
    }
}

extension LoginFailure {
    /// A text derived from the code, if the agent or an RFC defines it: other texts may be the provider's, or a path.
    fileprivate var redacted: LoginFailure {
        let code = PublicCodes.codes.contains(code) ? code : PublicCodes.otherCode
        let text =
            switch code {
            case "access_denied": "the login was declined"
            case "expired_token", "timeout": "the login was not approved in time"
            case "cancelled": "the login was cancelled"
            case "agent_stopped": "the agent is stopping"
            case "locked": "the agent was locked"
            case "step_up_unmet": "the user did not authenticate as demanded"
            case "wrong_subject": "the account belongs to another subject"
            default:
                Problem.Code(rawValue: code)?.redactedDetail ?? "the login failed"
            }
        return LoginFailure(code: code, detail: text, hint: RedactedText.hint)
    }
}

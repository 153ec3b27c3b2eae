internal import AgentAPI
internal import Policy

/// The confirmation of requests that the rules allow.
extension AccessGate {
    /// Returns the admission if no confirmation is needed, or the process has an approval; otherwise `nil`.
    func confirmedAtOnce(_ admission: Admission, _ identity: any CallerIdentity) throws(Problem) -> Admission? {
        guard let question = try question(admission, identity) else { return admission }
        guard question.confirm == .first, access.approvals.covers(question) else { return nil }
        return admission.confirmed(ConfirmationRecord("earlier"))
    }

    /// Waits for the confirmation that the rule requires. Audits a refusal; the admission carries an approval.
    func confirm(
        _ admission: Admission, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline, isLocked: Bool
    ) async throws(Problem) -> Admission {
        if let admission = try confirmedAtOnce(admission, identity) { return admission }
        guard let question = try question(admission, identity) else { return admission }
        // The owner must not be asked for what is refused anyway.
        if isLocked, question.request.needsUnlockedAgent { throw refused(admission, .locked, replyDeadline) }
        replyDeadline.cancellation.needsConfirmation()
        let end = await access.approvals.ask(
            question, within: replyDeadline.limit, until: replyDeadline.cancellation)
        guard case .approved = end else { throw refused(admission, end, replyDeadline) }
        // A reload may have been between the decision and the question.
        guard question.generation == access.rules.generation else {
            throw refused(admission, .rulesChanged, replyDeadline)
        }
        // The answer is for the process that has asked.
        do throws(Problem) { try requireConnected(identity, .executableClaim) } catch {
            audit(admission.confirmed(end.record).record(.refused(error.code), reason: error.reason))
            throw error
        }
        guard replyDeadline.cancellation.confirmed() else { throw refused(admission, .timedOut, replyDeadline) }
        return admission.confirmed(end.record)
    }

    /// Refuses a request whose caller does not wait.
    func unconfirmed(_ admission: Admission) -> Problem { refused(admission, .timedOut, ReplyDeadline(limit: .zero)) }

    /// The question of a request that has to be confirmed; `nil` if it has not.
    private func question(
        _ admission: Admission, _ identity: any CallerIdentity
    ) throws(Problem) -> ApprovalQuestion? {
        guard let confirm = admission.confirm, let rule = admission.rule else { return nil }
        let process: (any PinnedProcess)?
        do throws(CallerLost) { process = try identity.pinned() } catch {
            let problem = Problem.lost(error)
            audit(admission.record(.refused(problem.code), reason: problem.reason))
            throw problem
        }
        return ApprovalQuestion(
            admission.request, of: admission.caller, confirm, rule: rule, under: admission.generation,
            process: process, person: admission.accountable)
    }

    private func refused(_ admission: Admission, _ end: ApprovalOutcome, _ replyDeadline: ReplyDeadline) -> Problem {
        let problem = Problem(end, replyDeadline)
        let result: AccessRecord.Result = problem.code == .locked ? .failed(.locked) : .refused(problem.code)
        audit(admission.confirmed(end.record).record(result, reason: problem.reason))
        return problem
    }
}

extension AccessRequest {
    /// Whether a locked agent refuses it (`POST /v1/lock` in authagent-api(7)).
    fileprivate var needsUnlockedAgent: Bool {
        permissions.contains { [.token, .idToken, .login, .logout].contains($0) }
    }
}

extension Problem {
    private static let answerHint = "the owner of the agent answers with 'authagent approvals' while the request waits"

    fileprivate init(_ end: ApprovalOutcome, _ replyDeadline: ReplyDeadline) {
        switch end {
        case .approved: preconditionFailure("the request may go on")
        case .denied:
            self.init(
                .forbidden, "the owner of the agent has denied this request", hint: "ask the owner of the agent",
                reason: "not_confirmed")
        case .timedOut, .withdrawn:
            let seconds = replyDeadline.limit.components.seconds
            self.init(
                .forbidden, "the request was not confirmed within \(seconds) s", hint: Self.answerHint,
                reason: "not_confirmed")
        case .rulesChanged:
            self.init(
                .forbidden, "the rules changed while the request waited for a confirmation", hint: "try again",
                reason: "not_confirmed")
        case .agentStops:
            self.init(.forbidden, "the agent is stopping", hint: "try again", reason: "not_confirmed")
        case .locked:
            self.init(.locked, "the agent is locked", hint: "run 'authagent unlock'", reason: "requested")
        case .tooMany:
            self.init(
                .tooManyRequests, "too many requests wait for a confirmation, or had none", hint: Self.answerHint,
                retryAfter: 60)
        }
    }
}

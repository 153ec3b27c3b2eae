internal import AgentAPI
internal import Policy

/// The files of tokens that the agent keeps fresh.
extension Router {
    func sinks(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(service.listSinks()) }
    }

    func addSink(
        _ request: APIRequest, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline
    ) async throws(Problem) -> Answer {
        var admission = try await self.admission(AccessRequest([.admin], on: nil), identity, replyDeadline)
        let body = Result { () throws(Problem) -> SinkRequest in
            _ = try QueryParameters(request.query, allowed: [])
            return try requiredBody(request, SinkRequest.self)
        }
        if case .success(let sink) = body {
            // For the audit: the sink serves tokens of this account from now on.
            admission.request.account = sink.account
            if sink.onChange == nil, !gate.isOwn(identity) {
                try await requireToken(for: sink, identity, replyDeadline)
            }
        }
        return try await gate.conclude(admission, identity) { () throws(Problem) in
            let sink = try body.get()
            guard sink.onChange == nil || gate.isOwn(identity) else {
                throw Problem(
                    .forbidden, "only the agent's own user and root choose a program for the agent to run",
                    hint: "leave on_change out, or have the owner of the agent add the sink")
            }
            return try await json(request) { () throws(Problem) in .json(try await service.addSink(sink)) }
        }
    }

    /// Requires what a request for the same token would need. A file has no bound, so a rule with one is not enough.
    private func requireToken(
        for sink: SinkRequest, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline
    ) async throws(Problem) {
        let needed = AccessRequest(
            sink.what == .idToken ? [.token, .idToken] : [.token], on: sink.account, scopes: sink.scopes ?? [])
        let admission = try await self.admission(needed, identity, replyDeadline)
        try await gate.conclude(admission, identity) { () throws(Problem) in
            guard admission.bound == nil else {
                throw Problem(
                    .forbidden, "your rule limits the tokens of '\(sink.account)', and a sink would not",
                    hint: "have the owner of the agent add the sink")
            }
        }
    }

    func removeSink(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        let parameters = try QueryParameters(routed.request.query, allowed: ["path"])
        try requireAcceptable(routed.request, "application/json")
        guard let path = parameters.text("path") else {
            throw Problem(.badRequest, "the query parameter 'path' is missing", hint: "add: path=PATH, percent-encoded")
        }
        return .reply(.json(try await service.removeSink(path)))
    }
}

internal import AgentAPI
internal import Metrics
internal import Policy

/// Between HTTP and the service: decodes a request, asks whether it is allowed, calls one function, encodes the reply.
/// Knows no sockets.
struct Harness: Sendable {
    let service: any AgentService
    let gate: AccessGate
    /// What `/metrics` shows.
    let sources: [any MetricSource]
    private let othersUnlocking = OneAtATime()

    init(service: any AgentService, gate: AccessGate, sources: [any MetricSource]) {
        (self.service, self.gate, self.sources) = (service, gate, sources)
    }

    enum Answer: Sendable {
        case reply(Reply)
        case stream(StreamedReply)

        /// What is sent later is sent only while these facts hold.
        func resting(on facts: CallerFacts) -> Answer {
            guard case .stream(var stream) = self else { return self }
            stream.facts = facts
            return .stream(stream)
        }
    }

    enum AtOnce: Sendable {
        case reply(Reply)
        /// For `answer`, with the token that is asked for, if it is one.
        case later(DeferredToken?)
    }

    /// The reply, if it takes no waiting: a cached token, or a request that is wrong.
    func answerAtOnce(_ request: APIRequest, _ identity: any CallerIdentity) -> AtOnce {
        do throws(Problem) {
            let (route, wrongMethod) = try route(request)
            if let wrongMethod { return .reply(wrongMethod) }
            guard case .token = route, let ask = try tokenAsk(request) else { return .later(nil) }
            return answerAtOnce(ask, identity)
        } catch {
            return .reply(.problem(error))
        }
    }

    /// The reply to a request that `answerAtOnce` had none for.
    func answer(
        _ request: APIRequest, _ identity: any CallerIdentity, _ deferred: DeferredToken?
    ) async -> Answer {
        do throws(Problem) {
            if let deferred { return .reply(try await token(deferred, identity)) }
            return try await answer(try route(request).0, request, identity)
        } catch {
            return .reply(.problem(error))
        }
    }

    private func route(_ request: APIRequest) throws(Problem) -> (Route, wrongMethod: Reply?) {
        guard let route = request.route else {
            throw Problem(.notFound, "there is nothing at this path", hint: "see authagent-api(7)")
        }
        return (route, route.methods.contains(request.method) ? nil : methodNotAllowed(route))
    }

    private func answer(
        _ route: Route, _ request: APIRequest, _ identity: any CallerIdentity
    ) async throws(Problem) -> Answer {
        if request.method == "POST" { try requireJSON(request) }
        switch try access(route, request) {
        case .open:
            try gate.recognize(identity)
            return try await perform(route, request, isTrusted: gate.isOwn(identity))
        case .list(let permission):
            let view = try await gate.admitToList(permission, identity)
            return try await gate.conclude(view.admission, identity) { () throws(Problem) in
                try await list(route, request, view)
            }.resting(on: view.admission.facts)
        case .decided(let needed):
            let admission = try await gate.admit(needed, identity)
            return try await gate.conclude(admission, identity) { () throws(Problem) in
                if case .login(let account) = route, request.method == "POST" {
                    return try await login(account, request, admission)
                }
                if case .unlock = route, !gate.isOwn(identity) {
                    return try await othersUnlocking.run { () throws(Problem) in
                        try await perform(route, request, isTrusted: admission.isTrusted)
                    }
                }
                if case .tokenRejected(let account) = route {
                    return try await rejectToken(account, request, admission)
                }
                return try await perform(route, request, isTrusted: admission.isTrusted)
            }.resting(on: admission.facts)
        }
    }

    private func perform(_ route: Route, _ request: APIRequest, isTrusted: Bool) async throws(Problem) -> Answer {
        if case .policyCheck = route { return .reply(try await policyCheck(request)) }
        _ = try QueryParameters(request.query, allowed: [])
        if case .openAPI = route { return .reply(try openAPI(request)) }
        try requireAcceptable(request, "application/json")
        switch route {
        case .account(let account):
            let status = try await service.status(of: account)
            return .reply(.json(isTrusted ? status : status.forStrangers))
        case .health:
            let status = await service.health()
            return .reply(.json(isTrusted ? status : status.forStrangers))
        case .providers: return .reply(.json(service.providers()))
        case .login(let account):
            try await service.cancelLogin(account)
            return .reply(.json(Cancelled(account: account, cancelled: true)))
        case .logout(let account): return try await logout(account, request, isTrusted: isTrusted)
        case .inspect(let account):
            let asked = try body(request, InspectRequest.self) ?? InspectRequest()
            // The provider would be asked about it with the owner's client.
            guard isTrusted || asked.token == nil else {
                throw Problem(
                    .forbidden, "only the agent's own user has other tokens than the account's inspected",
                    hint: "send no 'token'", reason: "token_not_allowed"
                )
            }
            let reply = try await service.inspect(account, asked)
            return .reply(.json(isTrusted ? reply : reply.forStrangers))
        case .reload:
            try await service.reload()
            return .reply(.json(Reloaded(reloaded: true)))
        case .store: return try await store(request)
        case .lock:
            return .reply(.json(try await service.lock(try body(request, LockRequest.self) ?? LockRequest())))
        case .unlock:
            return .reply(.json(try await service.unlock(try body(request, UnlockRequest.self) ?? UnlockRequest())))
        case .doctor: return .reply(.json(await service.doctor()))
        case .accounts, .events, .metrics, .openAPI, .policyCheck, .token, .tokenRejected:
            preconditionFailure("answered above")
        }
    }

    private struct Cancelled: Encodable {
        let account: AccountName
        let cancelled: Bool
    }

    private struct Reloaded: Encodable { let reloaded: Bool }

    private func methodNotAllowed(_ route: Route) -> Reply {
        let methods = route.methods.joined(separator: ", ")
        var reply = Reply.problem(
            Problem(.methodNotAllowed, "this resource does not know that method", hint: "use \(methods)")
        )
        reply.allowedMethods = route.methods
        return reply
    }

    func requireAcceptable(_ request: APIRequest, _ mediaType: String) throws(Problem) {
        guard request.accepts(mediaType) else { throw notAcceptable(mediaType) }
    }

    func notAcceptable(_ mediaType: String) -> Problem {
        Problem(.notAcceptable, "this resource is sent as \(mediaType)", hint: "send 'Accept: \(mediaType)'")
    }
}

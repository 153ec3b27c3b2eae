internal import AgentAPI
internal import Metrics
internal import Policy

/// The router between HTTP and the service: looks up the handler in `RouteTable`, checks the rules, calls the handler.
struct Router: Sendable {
    let service: any AgentService
    let gate: AccessGate
    /// The sources of `/metrics`.
    let sources: [any MetricSource]
    /// One unlock at a time for all callers other than the owner, which slows down guessing.
    let othersUnlocking = ExclusiveCall()
    let unreadReplies = UnreadReplies()

    init(service: any AgentService, gate: AccessGate, sources: [any MetricSource]) {
        (self.service, self.gate, self.sources) = (service, gate, sources)
    }

    enum Answer: Sendable {
        case reply(Reply)
        case stream(StreamedReply)

        /// Returns a stream whose later parts are sent only while these facts hold.
        func resting(on facts: CallerFacts) -> Answer {
            guard case .stream(var stream) = self else { return self }
            stream.facts = facts
            return .stream(stream)
        }
    }

    enum AtOnce: Sendable {
        case reply(Reply)
        /// The answer takes waiting: call `answer`, with the token if the request is for one.
        case later(Deferred?)
    }

    /// A token request that takes waiting.
    enum Deferred: Sendable {
        case token(DeferredToken)
        /// The account is not known yet.
        case urlToken(URLTokenAsk)

        var request: TokenRequest {
            switch self {
            case .token(let deferred): deferred.ask.request
            case .urlToken(let ask): ask.request
            }
        }

        /// Whether the owner has yet to confirm the request, as far as is known.
        var isUnconfirmed: Bool {
            switch self {
            case .token(let deferred): deferred.admission?.confirm != nil
            case .urlToken: false
            }
        }
    }

    /// Answers without waiting if possible: a cached token, or an invalid request.
    func answerAtOnce(_ request: APIRequest, _ identity: any CallerIdentity) -> AtOnce {
        do throws(Problem) {
            let (route, handler) = try handler(of: request)
            switch (handler, route.account) {
            case (nil, _): return .reply(methodNotAllowed(request))
            case (.token, let account?): return answerAtOnce(try tokenAsk(request, of: account), identity)
            case (.urlToken, _): return try answerAtOnce(try urlTokenAsk(request), identity)
            default: return .later(nil)
            }
        } catch {
            return .reply(.problem(error))
        }
    }

    /// Answers a request that `answerAtOnce` could not answer.
    func answer(
        _ request: APIRequest, _ identity: any CallerIdentity, _ deferred: Deferred?, _ replyDeadline: ReplyDeadline
    ) async -> Answer {
        do throws(Problem) {
            switch deferred {
            case .token(let deferred): return .reply(try await token(deferred, identity, replyDeadline))
            case .urlToken(let ask): return .reply(try await token(ask, identity, replyDeadline))
            case nil: break
            }
            let (route, handler) = try handler(of: request)
            guard let handler else { return .reply(methodNotAllowed(request)) }
            return try await answer(route, handler, request, identity, replyDeadline)
        } catch {
            return .reply(.problem(error))
        }
    }

    /// Returns the route and its handler; `nil` if the resource does not have the method.
    private func handler(of request: APIRequest) throws(Problem) -> (Route, Handler?) {
        guard let route = request.route else { throw Self.nothingHere }
        return (route, RouteTable.handler(route.resource, request.method))
    }

    private func answer(
        _ route: Route, _ handler: Handler, _ request: APIRequest, _ identity: any CallerIdentity,
        _ replyDeadline: ReplyDeadline
    ) async throws(Problem) -> Answer {
        if request.method == "POST" { try requireJSON(request) }
        switch handler {
        case .token:
            guard let account = route.account else { throw Self.nothingHere }
            let ask = try tokenAsk(request, of: account)
            return .reply(try await token(DeferredToken(ask: ask, admission: nil), identity, replyDeadline))
        case .urlToken: return .reply(try await token(try urlTokenAsk(request), identity, replyDeadline))
        case .url: return .reply(try await accountOfURL(request, identity))
        case .open(let run):
            try gate.requireConnected(identity)
            return try await run(self)(
                RoutedRequest(
                    request: request, identity: identity, isTrusted: gate.isOwn(identity), limits: CallerLimits()))
        case .list(let permission, let run):
            let view = try await gate.admitToList(permission, identity)
            return try await gate.conclude(view.admission, identity) { () throws(Problem) in
                try await run(self)(request, view)
            }.resting(on: view.admission.facts)
        case .account(let permission, let scopes, let run):
            guard let account = route.account else { throw Self.nothingHere }
            let needed = AccessRequest([permission], on: account, scopes: try scopes(self)(request))
            return try await answer(needed, request, identity, replyDeadline) { routed throws(Problem) in
                try await run(self)(account, routed)
            }
        case .request(let access, let run):
            guard let account = route.account else { throw Self.nothingHere }
            let needed = try access(self)(account, request)
            return try await answer(needed, request, identity, replyDeadline) { routed throws(Problem) in
                try await run(self)(account, routed)
            }
        case .owner(let run):
            let admission = try gate.admitOwner(identity)
            let routed = RoutedRequest(
                request: request, identity: identity, isTrusted: true, limits: CallerLimits())
            return try await gate.conclude(admission, identity) { () throws(Problem) in try await run(self)(routed) }
        case .newSink: return try await addSink(request, identity, replyDeadline)
        case .agent(let run):
            let needed = AccessRequest([.admin], on: nil)
            return try await answer(needed, request, identity, replyDeadline) { routed throws(Problem) in
                try await run(self)(routed)
            }
        }
    }

    private func answer(
        _ needed: AccessRequest, _ request: APIRequest, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline,
        _ run: (RoutedRequest) async throws(Problem) -> Answer
    ) async throws(Problem) -> Answer {
        let admission = try await self.admission(needed, identity, replyDeadline)
        let routed = RoutedRequest(
            request: request, identity: identity, isTrusted: admission.isTrusted, limits: admission.limits,
            caller: admission.caller)
        return try await gate.conclude(admission, identity) { () throws(Problem) in try await run(routed) }
            .resting(on: admission.facts)
    }

    /// Admits a request by the rules, with the confirmation that they require.
    func admission(
        _ needed: AccessRequest, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline
    ) async throws(Problem) -> Admission {
        try await gate.confirm(
            try await gate.admit(needed, identity), identity, replyDeadline, isLocked: service.isLocked)
    }

    private static let nothingHere = Problem(.notFound, "no resource at this path", hint: "see authagent-api(7)")

    private func methodNotAllowed(_ request: APIRequest) -> Reply {
        let methods = request.route?.resource.methods ?? []
        var reply = Reply.problem(
            Problem(.methodNotAllowed, "method not allowed here", hint: "use \(methods.joined(separator: ", "))"))
        reply.allowedMethods = methods
        return reply
    }

    /// Answers a request without query parameters in JSON.
    func json(
        _ request: APIRequest, _ body: () async throws(Problem) -> Reply
    ) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        try requireAcceptable(request, "application/json")
        return .reply(try await body())
    }

    func requireAcceptable(_ request: APIRequest, _ mediaType: String) throws(Problem) {
        guard request.accepts(mediaType) else { throw notAcceptable(mediaType) }
    }

    func notAcceptable(_ mediaType: String) -> Problem {
        Problem(.notAcceptable, "this resource is available only as \(mediaType)", hint: "send 'Accept: \(mediaType)'")
    }
}

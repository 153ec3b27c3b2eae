internal import AgentAPI
internal import Policy

/// Between HTTP and the service: decodes a request, calls one function, encodes the reply. Knows no sockets.
struct Harness: Sendable {
    let service: any AgentService

    enum Answer: Sendable {
        case reply(Reply)
        case events(AsyncStream<LoginEvent>)
    }

    /// The reply, if it takes no waiting: a cached token, or a request that is wrong.
    func answerAtOnce(_ request: APIRequest, _ caller: Caller) -> Reply? {
        do throws(Problem) {
            guard let route = Route(path: request.path) else {
                throw Problem(.notFound, "there is nothing at this path", hint: "see authagent-api(7)")
            }
            guard route.methods.contains(request.method) else { return methodNotAllowed(route) }
            guard let ask = try tokenAsk(request) else { return nil }
            return answerAtOnce(ask, caller)
        } catch {
            return .problem(error)
        }
    }

    /// The reply to a request for a token, if it takes no waiting.
    func answerAtOnce(_ ask: TokenAsk, _ caller: Caller) -> Reply? {
        switch service.tokenAtOnce(ask.account, ask.request) {
        case nil: nil
        case .success(let token)?: reply(token, isText: ask.isText)
        case .failure(let problem)?: .problem(problem)
        }
    }

    /// The reply to a request that `answerAtOnce` had none for.
    func answer(_ request: APIRequest, _ caller: Caller) async -> Answer {
        do throws(Problem) {
            return try await perform(request, caller)
        } catch {
            return .reply(.problem(error))
        }
    }

    private func perform(_ request: APIRequest, _ caller: Caller) async throws(Problem) -> Answer {
        guard let route = Route(path: request.path) else {
            throw Problem(.notFound, "there is nothing at this path", hint: "see authagent-api(7)")
        }
        if let ask = try tokenAsk(request) {
            return .reply(reply(try await service.token(ask.account, ask.request), isText: ask.isText))
        }
        _ = try QueryParameters(request.query, allowed: [])
        if case .login(let account) = route, request.method == "POST" {
            try requireAcceptable(request, LoginEvent.mediaType)
            return .events(try await service.login(account, try body(request, LoginRequest.self) ?? LoginRequest()))
        }
        try requireAcceptable(request, "application/json")
        switch route {
        case .accounts: return .reply(.json(await service.status()))
        case .account(let account): return .reply(.json(try await service.status(of: account)))
        case .health: return .reply(.json(await service.health()))
        case .providers: return .reply(.json(service.providers()))
        case .login(let account):
            try await service.cancelLogin(account)
            return .reply(.json(Cancelled(account: account, cancelled: true)))
        case .logout(let account):
            let options = try body(request, LogoutRequest.self) ?? LogoutRequest()
            return .reply(.json(try await service.logout(account, options)))
        case .inspect(let account):
            let asked = try body(request, InspectRequest.self) ?? InspectRequest()
            return .reply(.json(try await service.inspect(account, asked)))
        case .reload:
            try await service.reload()
            return .reply(.json(Reloaded(reloaded: true)))
        case .store: return try await store(request)
        case .lock:
            return .reply(.json(try await service.lock(try body(request, LockRequest.self) ?? LockRequest())))
        case .unlock:
            return .reply(.json(try await service.unlock(try body(request, UnlockRequest.self) ?? UnlockRequest())))
        case .doctor: return .reply(.json(await service.doctor()))
        case .token: preconditionFailure("answered above")
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

    private func reply(_ token: TokenReply, isText: Bool) -> Reply {
        isText ? .text(token.idToken ?? token.accessToken) : .json(token)
    }

    func requireAcceptable(_ request: APIRequest, _ mediaType: String) throws(Problem) {
        guard request.accepts(mediaType) else {
            throw Problem(.notAcceptable, "this resource is sent as \(mediaType)", hint: "send 'Accept: \(mediaType)'")
        }
    }

    /// Nil for an empty body.
    func body<Value: Decodable>(_ request: APIRequest, _ type: Value.Type) throws(Problem) -> Value? {
        guard !request.body.isEmpty else { return nil }
        let mediaType = request.contentType?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard mediaType == nil || mediaType == "application/json" else {
            throw Problem(
                .unsupportedMediaType, "the body is not application/json", hint: "send 'Content-Type: application/json'"
            )
        }
        do { return try APIJSON.decode(type, from: request.body) } catch {
            throw Problem(.badRequest, "the body is not the JSON that belongs here", hint: "see authagent-api(7)")
        }
    }
}

internal import AgentAPI

/// The agent as a whole: its state, its stores, its lock.
extension Router {
    func health(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let status = await service.health()
            return .json(routed.isTrusted ? status : status.redacted)
        }
    }

    func providers(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(service.providers()) }
    }

    func reload(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            try await service.reload()
            return .json(Reloaded(reloaded: true))
        }
    }

    func stores(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(await service.stores()) }
    }

    func changeStore(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            .json(try await service.changeStore(try requiredBody(routed.request, StoreRequest.self)))
        }
    }

    func lock(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let reply = try await service.lock(try body(routed.request, LockRequest.self) ?? LockRequest())
            unreadReplies.drop()
            gate.access.approvals.drop(.locked)
            return .json(routed.isTrusted ? reply : reply.redacted)
        }
    }

    func unlock(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        if gate.isOwn(routed.identity) { return try await unlockNow(routed) }
        return try await othersUnlocking.run { () throws(Problem) in try await unlockNow(routed) }
    }

    private func unlockNow(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            .json(try await service.unlock(try body(routed.request, UnlockRequest.self) ?? UnlockRequest()))
        }
    }

    func doctor(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(await service.doctor()) }
    }

    func security(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(await service.security()) }
    }

    private struct Reloaded: Encodable { let reloaded: Bool }
}

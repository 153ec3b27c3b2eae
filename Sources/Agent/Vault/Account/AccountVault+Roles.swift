public import AgentAPI
public import OAuth
internal import SecretMemory
internal import Synchronization

/// Why there are no credentials of a role.
public enum RoleRefusal: Error, Equatable, Sendable {
    /// The account has no token to request them with.
    case token(TokenFailure)
    case role(RoleFailure)
}

/// Credentials of AWS roles, which belong to the login whose tokens bring them.
extension AccountVault {
    /// Requests credentials with a token of the login.
    public typealias RoleRequest = @Sendable (AccessToken) async -> Result<RoleCredentials, RoleFailure>

    typealias RoleTask = Task<Result<HeldRole, RoleRefusal>?, Never>

    /// Returns the role's credentials from memory, or requests them: once for all callers, and never again than AWS
    /// and the back-off allow. `user`: for whom, if not the owner.
    public func roleCredentials(
        of role: AWSRole, by user: UInt32? = nil, request: @escaping RoleRequest
    ) async throws(RoleRefusal) -> HeldRole {
        await readIfUnread()
        while true {
            let step = guarded.withLock { nextStep(for: role, by: user, request, &$0) }
            switch step {
            case .answer(let answer): return try answer.get()
            case .join(let task):
                guard let result = await task.valueUnlessCancelled, !Task.isCancelled else { throw .token(.abandoned) }
                // Without a result the login has changed meanwhile: decide again.
                if let result { return try result.get() }
            }
        }
    }

    private enum RoleStep: Sendable {
        case answer(Result<HeldRole, RoleRefusal>)
        case join(RoleTask)
    }

    private func nextStep(
        for role: AWSRole, by user: UInt32?, _ request: @escaping RoleRequest, _ guarded: inout Guarded
    ) -> RoleStep {
        let now = ports.time.now
        if let failure = guarded.state.recordRequest(at: now) { return .answer(.failure(.token(failure))) }
        switch guarded.state.roles.requested(role, by: user, at: now) {
        case .serve(let held): return .answer(.success(held))
        case .fail(let failure): return .answer(.failure(.role(failure)))
        case .request: break
        }
        if let running = guarded.roleRequests[role] { return .join(running) }
        let version = guarded.state.version
        // Unstructured task: a caller that leaves must not end what others wait for.
        let task = RoleTask {
            let result = await self.result(of: request, role, user)
            return self.settle(role, by: user, version, result)
        }
        guarded.roleRequests[role] = task
        return .join(task)
    }

    private struct Received: Sendable {
        var credentials: RoleCredentials
        var requestedAt: ContinuousClock.Instant
    }

    /// Requests the credentials; a second time, with a renewed token, if the first is refused.
    private func result(
        of request: RoleRequest, _ role: AWSRole, _ user: UInt32?
    ) async -> Result<Received, RoleRefusal> {
        var isRenewed = false
        while true {
            do throws(TokenFailure) {
                let token = try await token(
                    minimumValidity: Self.tokenValidity, needsIDToken: role.needsIDToken, by: user
                ).token
                let requestedAt = ports.time.now
                switch await request(token) {
                case .success(let credentials):
                    return .success(Received(credentials: credentials, requestedAt: requestedAt))
                case .failure(.tokenRefused(let detail)) where !isRenewed:
                    isRenewed = true
                    let rejection = try await reject(nil) { $0 == token.secret }
                    switch rejection {
                    case .renewed, .kept(.anotherToken): break
                    case .kept(.renewedLately), .kept(.sameToken), .claimsRefused:
                        return .failure(.role(.tokenRefused(detail)))
                    }
                case .failure(let failure): return .failure(.role(failure))
                }
            } catch {
                return .failure(.token(error))
            }
        }
    }

    /// The token is sent at once, so little of its life is needed.
    private static let tokenValidity: Duration = .seconds(60)

    /// Keeps the result; `nil` if the login has changed since the request, or is locked.
    private func settle(
        _ role: AWSRole, by user: UInt32?, _ version: UInt64, _ result: Result<Received, RoleRefusal>
    ) -> Result<HeldRole, RoleRefusal>? {
        let (now, wall) = (ports.time.now, ports.time.wall)
        return guarded.withLock { guarded in
            guarded.roleRequests[role] = nil
            guard guarded.state.version == version, guarded.state.lock.reason(at: now) == nil, !Task.isCancelled else {
                return nil
            }
            switch result {
            case .success(let received):
                return .success(
                    guarded.state.roles.received(
                        role, received.credentials, requestedAt: received.requestedAt, wall: wall))
            case .failure(.role(let failure)):
                let earlier = guarded.state.roles.failed(role, failure, by: user, at: now, jitter: ports.jitter())
                return earlier.map { .success($0) } ?? .failure(.role(failure))
            case .failure(let refusal): return .failure(refusal)
            }
        }
    }

    /// Ends the running requests and waits for them: they hold a token, and bring credentials.
    func endRoleRequests() async {
        let running = guarded.withLock { Array($0.roleRequests.values) }
        for task in running { task.cancel() }
        for task in running { _ = await task.value }
    }
}

internal import Advice
public import AgentAPI
internal import Configuration
internal import SecretMemory
internal import Synchronization
internal import Vault

extension Agent {
    public func login(
        _ name: AccountName, _ request: LoginRequest
    ) async throws(Problem) -> AsyncStream<LoginEvent> {
        if let timeout = request.timeout, !Self.timeouts.contains(timeout) {
            throw Problem(
                .badRequest, "the timeout is not from 1 to \(Self.timeouts.upperBound) s", hint: "give whole seconds"
            )
        }
        try requireUnlocked(name)
        let wantsQRCode = request.qrCode ?? false
        if let pending = state.withLock({ $0.logins[name] }) {
            return try join(pending, request, wantsQRCode: wantsQRCode)
        }
        let account = self.known(name)
        let known: AccountSettings?
        do throws(ConfigurationError) { known = try parts.directory.load(name) } catch { throw .configuration(error) }
        let settings = try LoginSettings(account: name, request: request, known: known).merged()
        try settings.requireWithin(request.bound, name)
        let fresh = PendingLogin(
            account: name, settings: settings, time: parts.time, drawQRCode: parts.drawQRCode
        )
        let pending = try state.withLock { state throws(Problem) -> PendingLogin? in
            if state.moving.contains(name) { throw .moving(name) }
            guard state.accounts[name] === account else { return nil }
            let pending = state.logins[name] ?? fresh
            state.logins[name] = pending
            return pending
        }
        // A login or a migration has replaced the account since its file was read: start again with the new settings.
        guard let pending else { return try await login(name, request) }
        guard pending === fresh else { return try join(pending, request, wantsQRCode: wantsQRCode) }
        let stream = fresh.watch(wantsQRCode: wantsQRCode)
        let secrets = LoginSecrets(
            client: request.clientSecret.map { SecretBytes($0) },
            registration: request.registrationToken.map { SecretBytes($0) }
        )
        fresh.start {
            // A request without settings must not rewrite the account file.
            let event = await self.run(fresh, isNew: request.hasSettings && known != settings, secrets: secrets)
            self.state.withLock { _ = $0.logins.removeValue(forKey: name) }
            return event
        }
        if let timeout = request.timeout { fresh.stop(after: .seconds(timeout)) }
        return stream
    }

    /// Device codes of providers live less than a day.
    private static let timeouts = 1...86_400

    public func cancelLogin(_ name: AccountName) async throws(Problem) {
        guard let pending = state.withLock({ $0.logins[name] }) else {
            throw Problem(
                .notFound, "no login of '\(name)' is pending", hint: "run 'authagent status' to see the accounts"
            )
        }
        pending.stop(.cancelled)
        await pending.wait()
    }

    private func join(
        _ pending: PendingLogin, _ request: LoginRequest, wantsQRCode: Bool
    ) throws(Problem) -> AsyncStream<LoginEvent> {
        try pending.settings.requireWithin(request.bound, pending.account)
        if request.hasSettings {
            let asked = try LoginSettings(account: pending.account, request: request, known: pending.settings).merged()
            guard asked == pending.settings else {
                throw Problem(
                    .badRequest,
                    "a login of '\(pending.account)' with other settings is pending",
                    hint: "run 'authagent login \(pending.account)' to see it; Ctrl-C there cancels it"
                )
            }
        }
        if let timeout = request.timeout { pending.stop(after: .seconds(timeout)) }
        return pending.watch(wantsQRCode: wantsQRCode)
    }
}

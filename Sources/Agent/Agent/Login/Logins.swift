internal import Advice
internal import AgentAPI
internal import Configuration
internal import SecretMemory
internal import Synchronization
internal import Vault

/// The pending logins, one at most for each account.
final class Logins: Sendable {
    private let shared: SharedParts
    private let registry: AccountRegistry
    private let revocations: RevocationQueue
    private let registrations: LeftRegistrations
    private let drawQRCode: @Sendable (String) -> [String]?
    private let lateResponses: LateResponses
    /// Each has a claim of the registry, taken and released under this mutex.
    private let logins = Mutex<[AccountName: PendingLogin]>([:])

    init(
        _ shared: SharedParts, _ registry: AccountRegistry, _ revocations: RevocationQueue,
        drawQRCode: @escaping @Sendable (String) -> [String]?
    ) {
        (self.shared, self.registry, self.revocations, self.drawQRCode) = (shared, registry, revocations, drawQRCode)
        registrations = LeftRegistrations(registry: registry)
        lateResponses = LateResponses(time: shared.time, logger: shared.logger)
    }

    private static let longestRenewal: Duration = .seconds(3600)

    /// Device codes of providers live less than a day.
    private static let timeouts = 1...86_400

    var pending: [AccountName: PendingLogin] { logins.withLock { $0 } }

    func login(
        _ name: AccountName, _ request: LoginRequest, within limits: CallerLimits
    ) async throws(Problem) -> AsyncStream<LoginEvent> {
        if let timeout = request.timeout, !Self.timeouts.contains(timeout) {
            throw Problem(
                .badRequest, "the timeout is not from 1 to \(Self.timeouts.upperBound) s", hint: "give whole seconds"
            )
        }
        try registry.requireUnlocked(name)
        let demands = try LoginDemands(request)
        let wantsQRCode = request.qrCode ?? false
        if let pending = pending[name] { return try join(pending, request, demands, limits, wantsQRCode: wantsQRCode) }
        let account = registry.known(name)
        let known: AccountSettings?
        do throws(ConfigurationError) { known = try registry.load(name) } catch { throw .configuration(error) }
        let merged = try SettingsMerge(account: name, request: request, known: known).merged()
        let settings = try demands.settings(merged, name, beside: known)
        try settings.requireWithin(limits.bound?.scopes, name)
        try limits.requireAllowedLogin(settings, name)
        if settings.machineGrant != nil, demands != LoginDemands() {
            throw Problem(
                .badRequest, "'\(name)' has no login of a person, of whom an authentication could be demanded",
                hint: "leave out --acr, --max-age, --elevate and --claims")
        }
        let userCode = try userCode(request, settings)
        // From the claim on, nothing may throw: the login would stay pending for good.
        let fresh = PendingLogin(
            account: name, settings: settings, demands: demands, isByOthers: limits.user != nil, time: shared.time,
            logger: shared.logger, drawQRCode: drawQRCode,
            prompted: { [hooks = shared.hooks] in hooks.note($0, of: name) })
        // A login or a migration has replaced the account since its file was read: start again with the new settings.
        guard let pending = try claim(fresh, expecting: account) else {
            return try await login(name, request, within: limits)
        }
        guard pending === fresh else { return try join(pending, request, demands, limits, wantsQRCode: wantsQRCode) }
        let stream = fresh.watch(wantsQRCode: wantsQRCode)
        let secrets = LoginSecrets(
            client: request.settings?.clientSecret.map { SecretBytes($0) },
            registration: request.registrationToken.map { SecretBytes($0) }, user: userCode
        )
        let run = LoginRun(
            // A request without settings must not rewrite the account file, nor one for a login beside the account's.
            fresh, isNew: request.settings != nil && known != settings && !demands.isElevated, secrets, shared,
            registry, revocations, registrations
        )
        fresh.start {
            let event = await run.run()
            self.end(fresh)
            return event
        }
        if let timeout = request.timeout { fresh.stop(after: .seconds(timeout)) }
        return stream
    }

    /// Starts a login that renews the account's ended one, unless another is pending. Its end is an event like any other's.
    func renew(_ account: Account, _ renewal: LoginRenewal) {
        let (name, settings) = (account.name, account.settings)
        let fresh = PendingLogin(
            account: name, settings: settings, renewal: renewal, time: shared.time, logger: shared.logger,
            drawQRCode: drawQRCode,
            prompted: { [hooks = shared.hooks] in hooks.note($0, of: name) })
        guard let pending = try? claim(fresh, expecting: account), pending === fresh else { return }
        account.vault.isRenewing = true
        let run = LoginRun(fresh, isNew: false, LoginSecrets(), shared, registry, revocations, registrations)
        fresh.start {
            let event = await run.run()
            account.vault.isRenewing = false
            self.end(fresh)
            // If it has failed, the next question may be due.
            self.shared.schedule.changed()
            return event
        }
        // Whatever the provider says: an approval of yesterday's question is not what the user means today.
        fresh.stop(after: Self.longestRenewal)
    }

    /// Returns the user's code for a question on the phone; only CIBA has one.
    private func userCode(
        _ request: LoginRequest, _ settings: AccountSettings
    ) throws(Problem) -> SecretBytes? {
        guard let code = request.userCode else { return nil }
        guard settings.keys.grant == .ciba else {
            throw Problem(.badRequest, "only a login by CIBA has a user code", hint: "leave it out, or give --ciba")
        }
        guard (1...256).contains(code.utf8.count),
            code.unicodeScalars.allSatisfy({ $0.value > 0x1F && $0.value != 0x7F })
        else {
            throw Problem(
                .badRequest, "the user code is not 1 to 256 bytes of printable text",
                hint: "type the code that you have set at the provider")
        }
        return SecretBytes(code)
    }

    /// Returns the account's pending login: `fresh` if there was none; `nil` if the account is not `account` any more.
    private func claim(_ fresh: PendingLogin, expecting account: Account?) throws(Problem) -> PendingLogin? {
        try logins.withLock { logins throws(Problem) -> PendingLogin? in
            if let pending = logins[fresh.account] { return pending }
            guard try registry.claimLogin(of: fresh.account, expecting: account) else { return nil }
            logins[fresh.account] = fresh
            return fresh
        }
    }

    private func end(_ login: PendingLogin) {
        logins.withLock { logins in
            logins[login.account] = nil
            registry.release(.login, of: login.account)
        }
    }

    private func join(
        _ pending: PendingLogin, _ request: LoginRequest, _ demands: LoginDemands, _ limits: CallerLimits,
        wantsQRCode: Bool
    ) throws(Problem) -> AsyncStream<LoginEvent> {
        try pending.settings.requireWithin(limits.bound?.scopes, pending.account)
        try limits.requireAllowedLogin(pending.settings, pending.account)
        // Who wants a login of the account must not be told of the end of one beside it.
        guard demands == pending.demands else { throw .otherLogin(of: pending, with: "demands") }
        if request.settings != nil {
            let asked = try SettingsMerge(account: pending.account, request: request, known: pending.settings).merged()
            guard try pending.demands.settings(asked, pending.account, beside: pending.settings) == pending.settings
            else { throw .otherLogin(of: pending, with: "settings") }
        }
        if let timeout = request.timeout { pending.stop(after: .seconds(timeout)) }
        return pending.watch(wantsQRCode: wantsQRCode)
    }

    func cancelLogin(_ name: AccountName) async throws(Problem) {
        guard await cancel(name) else { throw .noLogin(of: name) }
    }

    /// Gives the authorization server's answer to the account's pending login.
    func answer(_ name: AccountName, _ response: LoginResponse) throws(Problem) -> LoginResponseReply {
        guard let pending = pending[name] else {
            lateResponses.note(name)
            throw .noLogin(of: name)
        }
        return pending.answer(response)
    }

    /// Cancels the account's pending login and waits for its end. Returns false if there is none.
    func cancel(_ name: AccountName) async -> Bool {
        guard let login = pending[name] else { return false }
        login.stop(.cancelled)
        await login.wait()
        return true
    }

    /// Cancels a pending login that the agent itself has started, and waits for its end.
    func cancelRenewal(of name: AccountName) async {
        guard let login = pending[name], login.renewal != nil else { return }
        login.stop(.cancelled)
        await login.wait()
    }

    /// Stops the pending logins and waits for their ends.
    func stop(_ reason: PendingLogin.StopReason) async {
        let logins = pending.values
        for login in logins { login.stop(reason) }
        for login in logins { await login.wait() }
    }

    /// Waits for the registration that a cancelled login of the account has left.
    func waitForRegistration(of name: AccountName) async { await registrations.wait(for: name) }

    /// Waits for the registrations that cancelled logins have left.
    func waitForRegistrations() async { await registrations.waitForAll() }
}

extension Problem {
    fileprivate static func otherLogin(of pending: PendingLogin, with what: String) -> Self {
        let command = LoginCommandLine(
            pending.account, acrValues: pending.demands.acrValues, maxAge: pending.demands.maxAge,
            isElevated: pending.demands.isElevated, claims: pending.demands.claims)
        return Self(
            .badRequest, "a login of '\(pending.account)' with other \(what) is pending",
            hint: "to see it, run: \(command.text); Ctrl-C there cancels it")
    }

    fileprivate static func noLogin(of name: AccountName) -> Self {
        Self(.notFound, "no login of '\(name)' is pending", hint: "run 'authagent status' to see the accounts")
    }
}

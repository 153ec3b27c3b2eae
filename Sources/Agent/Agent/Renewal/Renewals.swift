internal import AgentAPI
internal import Configuration
internal import Formats
internal import Vault

/// The renewal of logins that have ended by a question on the user's phone (the key `renew`). It is the one login that
/// starts without a person at `authagent login`; no request can start it.
struct Renewals: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let logins: Logins
    let book: RenewalBook

    /// When to ask; `nil` if the account's login has not ended for certain, or the user is not to be asked.
    func nextDue(_ account: Account, at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let end = renewableEnd(of: account, at: now), logins.pending[account.name] == nil, !registry.isLocked,
            let person = AskedPerson(account.settings), let next = book.budget(of: person).next(at: now)
        else { return nil }
        return max(end.at, next)
    }

    /// Withdraws the questions whose login need not be renewed any more, as after a reload without the key.
    func withdrawUnwanted() {
        for login in logins.pending.values where login.renewal?.isWanted() == false { login.stop(.cancelled) }
    }

    /// Asks the user, if that is due. Does not wait for the answer.
    func start(_ account: Account, at now: ContinuousClock.Instant) {
        guard let due = nextDue(account, at: now), due <= now, let end = renewableEnd(of: account, at: now) else {
            return
        }
        guard let person = AskedPerson(account.settings) else { return }
        let generation = end.login.generation
        let isWanted: @Sendable () -> Bool = { [self] in
            guard registry.known(account.name) === account, !registry.isLocked,
                let end = renewableEnd(of: account, at: shared.time.now)
            else { return false }
            return end.login.generation == generation
        }
        let admit: @Sendable () async throws(LoginError) -> Void = { [book] () throws(LoginError) in
            guard isWanted() else { throw .notAsked(detail: "the account has changed") }
            try await book.admit(person)
        }
        logins.renew(account, LoginRenewal(identity: end.identity, admit: admit, isWanted: isWanted))
    }

    /// The end of a login that may be renewed: its person is known, and the settings are still those of the login.
    private func renewableEnd(
        of account: Account, at now: ContinuousClock.Instant
    ) -> (login: Credential, identity: Identity, at: ContinuousClock.Instant)? {
        let settings = account.settings
        guard settings.renewsByCiba, let (login, end) = account.vault.knownEnd(at: now), let identity = login.identity,
            settings.isOfSameLogin(as: login.client), settings.allows(identity)
        else { return nil }
        return (login, identity, end)
    }

    /// Returns what `status` shows; `nil` if the account's file does not have the agent renew the login.
    func status(of account: Account, _ login: AccountSnapshot.Login) -> RenewalStatus? {
        guard account.settings.renewsByCiba else { return nil }
        if let pending = logins.pending[account.name], pending.renewal != nil {
            let words = pending.prompt?.bindingMessage.map { "the phone shows '\(DisplayText.clean($0))'" }
            return RenewalStatus(.pending, detail: words ?? "the question is being sent")
        }
        let now = shared.time.now
        let budget = AskedPerson(account.settings).map { book.budget(of: $0) } ?? RenewalBudget()
        if let stopped = budget.stopped { return RenewalStatus(.stopped, detail: stopped.text) }
        switch login {
        case .active:
            guard account.vault.identity != nil else { return RenewalStatus(.stopped, detail: Self.unknownPerson) }
            return RenewalStatus(.ready)
        case .unread, .locked: return RenewalStatus(.waiting, detail: "the account is locked, or its store is")
        case .loginRequired:
            if let due = nextDue(account, at: now) { return RenewalStatus(.waiting, at: shared.time.wall(at: due)) }
            let isKnown = account.vault.identity != nil
            return RenewalStatus(.stopped, detail: isKnown ? Self.noEnd : Self.unknownPerson)
        }
    }

    private static let unknownPerson = "whose login it was is not known: no ID token of it could be verified"
    private static let noEnd = "the provider has not confirmed that the login has ended"
}

extension RenewalStop {
    /// The reason in words.
    fileprivate var text: String {
        switch self {
        case .declined: "the user has declined the last question"
        case .otherPerson: "another person may have answered the last question"
        case .refused: "the provider does not ask, or the account is not set up for it; the log has the reason"
        }
    }
}

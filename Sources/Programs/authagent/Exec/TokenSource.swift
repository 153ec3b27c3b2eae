internal import AgentAPI
internal import AuthagentClient
internal import Glibc

/// A token as the command gets it.
struct IssuedToken: Sendable {
    let text: String
    /// In seconds since 1970; `nil` if it does not expire.
    let expiresAt: Int?
}

/// The agent's tokens for one command.
struct TokenSource: Sendable {
    let account: AccountName
    let target: TokenTarget?
    let minimumValidity: Int
    let isIDToken: Bool

    private func request(minimumValidity: Int, wait: Int? = nil) -> TokenRequest {
        TokenRequest(minimumValidity: minimumValidity, includesIDToken: isIDToken, target: target, wait: wait)
    }

    /// Returns the token to start with; prints what the agent notes on it.
    func token() throws -> IssuedToken {
        let reply = try AgentConnection.open().ask(.token(account, request(minimumValidity: minimumValidity)))
        if let note = reply.note { Console.note(note) }
        return try issued(reply)
    }

    private func issued(_ reply: TokenReply) throws -> IssuedToken {
        guard isIDToken else { return IssuedToken(text: reply.accessToken, expiresAt: reply.expiresAt) }
        guard let token = reply.idToken else {
            throw Failure("the agent sent no ID token", hint: "run 'authagent stop' if it is an older one")
        }
        return IssuedToken(text: token, expiresAt: reply.idTokenExpiresAt)
    }

    /// Waits for a token that ends later, at most until `end`, in seconds since 1970; `nil` if none has come.
    ///
    /// An agent that was stopped is not started again: this command only waits.
    func token(after expiry: Int, until end: Int) throws -> IssuedToken? {
        // The first second in which the token is too old, unless the provider's tokens live no longer.
        let due = expiry - minimumValidity + 1
        let now = time(nil)
        let wait = min(Limits.longestWait, max(1, (due > now ? min(end, due) : end) - now))
        return try isIDToken ? idToken(after: expiry, wait) : newerToken(than: expiry, wait)
    }

    private func newerToken(than expiry: Int, _ wait: Int) throws -> IssuedToken? {
        let asked = request(minimumValidity: minimumValidity, wait: wait)
        let newer = try AgentConnection.open(startIfNeeded: false).ask(.newerToken(of: account, than: expiry, asked))
        return try newer.token.map(issued)
    }

    /// The agent compares the end of access tokens, so the ID token's is compared here: now and then, and more often once
    /// it is too old.
    private func idToken(after expiry: Int, _ wait: Int) throws -> IssuedToken? {
        let lead = max(minimumValidity, Limits.defaultMinimumValidity)
        let isDue = time(nil) + lead >= expiry
        sleep(UInt32(min(wait, isDue ? 5 : 30)))
        let token = try issued(
            try AgentConnection.open(startIfNeeded: false).ask(.token(account, request(minimumValidity: lead))))
        return token.expiresAt.map { $0 > expiry } ?? true ? token : nil
    }

    /// Whether the agent serves any token of the login now: after a logout, or while it is locked, it does not.
    func isServed() -> Bool {
        do {
            _ = try AgentConnection.open(startIfNeeded: false)
                .ask(.token(account, request(minimumValidity: 0, wait: 5)))
            return true
        } catch AgentClientError.problem(let problem) {
            return ![.loginRequired, .locked, .unknownAccount].contains(problem.code)
        } catch {
            return true
        }
    }
}

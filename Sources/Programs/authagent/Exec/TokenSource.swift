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
        let reply = try AgentConnection.open().askAcrossRestart(
            .token(account, request(minimumValidity: minimumValidity)))
        if let note = reply.note { Console.note(note) }
        return try issued(reply)
    }

    /// Refuses other characters than those of a header's word: a zero byte would cut a variable, and a line feed end a line.
    private func issued(_ reply: TokenReply) throws -> IssuedToken {
        guard let text = isIDToken ? reply.idToken : reply.accessToken else {
            throw Failure("the agent sent no ID token", hint: "run 'authagent stop' if it is an older one")
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(
                "the token of '\(account)' has other characters than visible ASCII",
                hint: "check the provider: such a token cannot be sent in a header")
        }
        return IssuedToken(text: text, expiresAt: isIDToken ? reply.idTokenExpiresAt : reply.expiresAt)
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

    /// The agent compares the end of access tokens, so the ID token's is compared here, now and then.
    private func idToken(after expiry: Int, _ wait: Int) throws -> IssuedToken? {
        sleep(UInt32(min(wait, 30)))
        let lead = max(minimumValidity, Limits.defaultMinimumValidity)
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

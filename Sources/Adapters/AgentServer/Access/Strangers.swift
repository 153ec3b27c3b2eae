internal import AgentAPI

// What is said to callers who are neither the agent's own user nor root: nothing of the paths, the stores and the
// troubles of the agent's user. Each reply is put together anew from what is theirs to know, so that a member that is
// added is not told before it is added here as well.

/// In the place of what is not told.
enum ForStrangers {
    static let hint = "ask the owner of the agent"
    static let loginHint = "run 'authagent login' with the account's name if a rule lets you, or \(hint)"
}

extension AgentStatus {
    var forStrangers: AgentStatus {
        AgentStatus(
            version: version, pid: pid, socket: socket, storeState: storeState, sealedState: sealedState, locked: locked
        )
    }
}

extension AccountStatus {
    var forStrangers: AccountStatus {
        AccountStatus(
            account: account, state: state, issuer: issuer, scope: scope, store: store, subject: subject, email: email,
            name: name, expiresAt: expiresAt, nextRefresh: nextRefresh, loginExpiresAt: loginExpiresAt)
    }
}

extension StatusReport {
    var forStrangers: StatusReport {
        StatusReport(agent: agent.forStrangers, accounts: accounts.map(\.forStrangers))
    }
}

extension LogoutReply {
    /// Whether it succeeded is theirs to know; why not is a store's word or the provider's.
    var forStrangers: LogoutReply {
        LogoutReply(
            account: account, revoked: revoked, reason: reason.map { _ in ForStrangers.hint }, forgotten: forgotten,
            clientForgotten: clientForgotten, clientReason: clientReason.map { _ in ForStrangers.hint })
    }
}

extension AgentEvent {
    var forStrangers: AgentEvent { AgentEvent(id: id, time: time, news: news.forStrangers) }
}

extension AgentNews {
    fileprivate var forStrangers: AgentNews {
        var told = AgentNews(kind, account: account)
        told.code = code.map { KnownWords.codes.contains($0) ? $0 : KnownWords.otherCode }
        told.reason = reason.flatMap { KnownWords.reasons.contains($0) ? $0 : nil }
        (told.scope, told.expiresAt, told.subject) = (scope, expiresAt, subject)
        (told.revoked, told.store, told.state) = (revoked, store, state)
        // A refusal is told to those with 'admin' only, and what it says is about its caller.
        if kind == .denied { (told.denial, told.detail) = (denial, detail) }
        return told
    }
}

extension InspectReply {
    var forStrangers: InspectReply { InspectReply(account: account, tokens: tokens.map(\.forStrangers)) }
}

extension TokenInspection {
    /// What is in the token is theirs to know; why it could not be checked is a file's word, or the provider's.
    fileprivate var forStrangers: TokenInspection {
        var told = TokenInspection(role: role, form: form)
        (told.header, told.claims, told.expiresAt, told.scope) = (header, claims, expiresAt, scope)
        told.signature = signature.map {
            SignatureReport($0.state, issuer: $0.issuer, algorithm: $0.algorithm, keyID: $0.keyID)
        }
        told.introspection = introspection.map { report in
            IntrospectionReport(report.state, members: report.members?.keeping(Self.introspected))
        }
        return told
    }

    /// Those that RFC 7662 §2.2 has; others are the provider's business with the client.
    private static let introspected: Set<String> = [
        "active", "scope", "client_id", "username", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti",
    ]
}

extension JSONContent {
    fileprivate func keeping(_ names: Set<String>) -> JSONContent? {
        guard case .object(let members) = self else { return nil }
        return .object(members.filter { names.contains($0.key) })
    }
}

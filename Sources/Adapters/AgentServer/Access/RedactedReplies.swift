internal import AgentAPI

// Replies to callers other than the agent's owner and root, without the owner's paths, stores and errors. Each is built
// from a list of permitted members, so that a new member stays hidden until it is added here.

/// The texts that replace what such a caller may not see.
enum RedactedText {
    static let hint = "ask the owner of the agent"
    static let loginHint = "run 'authagent login' with the account's name if a rule lets you, or \(hint)"
}

extension AgentStatus {
    var redacted: AgentStatus {
        AgentStatus(
            version: version, pid: pid, socket: socket, storeState: storeState, sealedState: sealedState, locked: locked
        )
    }
}

extension AccountStatus {
    /// `withURLs`: for a caller that may use the account's token, and so finds it by URL.
    func redacted(withURLs: Bool) -> AccountStatus {
        AccountStatus(
            account: account, state: state, issuer: issuer, scope: scope, store: store, subject: subject, email: email,
            name: name, expiresAt: expiresAt, nextRefresh: nextRefresh, lastRefresh: lastRefresh,
            loginExpiresAt: loginExpiresAt, urls: withURLs ? urls : nil, gitUsername: withURLs ? gitUsername : nil,
            registryUsername: withURLs ? registryUsername : nil)
    }
}

extension URLReply {
    var redacted: URLReply {
        URLReply(
            account: account, url: url, gitUsername: gitUsername, registryUsername: registryUsername, reason: reason)
    }
}

extension StatusReport {
    func redacted(withURLs: (AccountName) -> Bool) -> StatusReport {
        StatusReport(
            agent: agent.redacted, accounts: accounts.map { $0.redacted(withURLs: withURLs($0.account)) })
    }
}

extension LogoutReply {
    /// The caller may know whether it succeeded; the reason is a text of the store or the provider.
    var redacted: LogoutReply {
        LogoutReply(
            account: account, revoked: revoked, reason: reason.map { _ in RedactedText.hint }, forgotten: forgotten,
            clientForgotten: clientForgotten, clientReason: clientReason.map { _ in RedactedText.hint })
    }
}

extension LockReply {
    /// The paths are the owner's.
    var redacted: LockReply { LockReply(locked: locked) }
}

extension AgentEvent {
    var redacted: AgentEvent { AgentEvent(id: id, time: time, news: news.redacted) }
}

extension AgentNews {
    fileprivate var redacted: AgentNews {
        var told = AgentNews(kind, account: account)
        told.code = code.map { PublicCodes.codes.contains($0) ? $0 : PublicCodes.otherCode }
        told.reason = reason.flatMap { PublicCodes.reasons.contains($0) ? $0 : nil }
        (told.scope, told.expiresAt, told.subject) = (scope, expiresAt, subject)
        (told.revoked, told.store, told.state) = (revoked, store, state)
        // Only callers with 'admin' get refusals, and their texts concern the refused caller only.
        if kind == .denied { (told.denial, told.detail) = (denial, detail) }
        return told
    }
}

extension InspectReply {
    var redacted: InspectReply { InspectReply(account: account, tokens: tokens.map(\.redacted)) }
}

extension TokenInspection {
    /// The caller may see the token's content; why it was not verified is a text of a file or the provider.
    fileprivate var redacted: TokenInspection {
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

    /// The members of RFC 7662 §2.2; others may concern the owner's client.
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

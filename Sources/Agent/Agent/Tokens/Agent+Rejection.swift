internal import Advice
public import AgentAPI
internal import JOSE
internal import SecretMemory
internal import Vault

extension Agent {
    /// Renews a token that an API has rejected. A caller may renew only what it may request.
    public func rejectToken(
        _ name: AccountName, _ request: TokenRequest, digest: [UInt8]?
    ) async throws(Problem) -> TokenRejectionReply {
        let account = try account(name)
        try requireUnlocked(name)
        try request.requireAllowedTarget(account.settings, name)
        await account.vault.readIfUnread()
        let request = try request.narrowed(to: account.vault.loginScope, name)
        func requireWithinBound() throws(Problem) {
            guard let held = account.vault.heldToken(for: request.target) else { return }
            try request.requireWithinBound(held, account.settings, name)
        }
        try requireWithinBound()
        var isRefused: (@Sendable (SecretBytes) -> Bool)?
        if let digest { isRefused = { $0.hasDigest(digest) } }
        let rejection: Rejection
        do throws(TokenFailure) {
            rejection = try await account.vault.reject(request.target, isRefused: isRefused)
        } catch {
            throw Problem(error, account: name)
        }
        try requireWithinBound()
        switch rejection {
        case .renewed: return TokenRejectionReply(account: name, result: .renewed)
        case .kept(let reason):
            return TokenRejectionReply(account: name, result: .kept, reason: reason.rawValue, note: reason.note)
        }
    }
}

extension Rejection.Reason {
    fileprivate var note: String {
        switch self {
        case .anotherToken: "the token was not renewed: another one was rejected"
        case .renewedLately: "the token was not renewed: the last renewal was less than a minute ago"
        case .sameToken: "the provider has answered the renewal with the same token"
        }
    }
}

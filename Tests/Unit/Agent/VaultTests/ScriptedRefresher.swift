import AgentAPI
import OAuth
import SecretMemory
import Synchronization
import TestSupport
import Vault

/// A provider that answers refreshes from a script; the last line repeats.
final class ScriptedRefresher: GrantRefresher {
    private struct State {
        var script: [RefreshReply]
        var spent: [SecretBytes?] = []
        var targets: [TokenTarget?] = []
        var claims: [String?] = []
        var gate: Gate?
        var verdicts: [IdentityVerdict] = [.absent]
        var expected: String?
        var endsTokens = false
    }

    private let state: Mutex<State>

    init(_ script: RefreshReply...) { state = Mutex(State(script: script)) }

    /// The refresh tokens that were spent, in order.
    var spent: [String?] { state.withLock { $0.spent.map { $0?.revealedText() } } }

    /// The targets of the refreshes, in order.
    var targets: [TokenTarget?] { state.withLock { $0.targets } }

    /// The demanded claims of the refreshes, in order.
    var claims: [String?] { state.withLock { $0.claims } }

    func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    func answer(_ script: RefreshReply...) { answer(script) }

    func answer(_ script: [RefreshReply]) { state.withLock { $0.script = script } }

    /// Sets the verdicts on the grants' ID tokens, in order; the last repeats.
    func identify(as verdicts: IdentityVerdict...) { state.withLock { $0.verdicts = verdicts } }

    func expect(_ subject: String?) { state.withLock { $0.expected = subject } }

    /// Makes each refresh end the earlier access tokens.
    func endTokens() { state.withLock { $0.endsTokens = true } }

    var refreshEndsTokens: Bool { state.withLock { $0.endsTokens } }

    func identify(_ grant: TokenGrant, for credential: Credential) async -> IdentityVerdict {
        state.withLock { $0.verdicts.count > 1 ? $0.verdicts.removeFirst() : $0.verdicts[0] }
    }

    func allows(_ identity: Identity?) -> Bool {
        state.withLock { $0.expected.map { $0 == identity?.subject } ?? true }
    }

    func mayReceive(_ credential: Credential) -> Bool { credential.issuer == "https://issuer.example" }

    func refresh(_ credential: Credential, for target: TokenTarget?, claims: String?) async -> RefreshReply {
        let (gate, reply) = state.withLock { state in
            state.spent.append(credential.refreshToken)
            state.targets.append(target)
            state.claims.append(claims)
            let reply = state.script.count > 1 ? state.script.removeFirst() : state.script[0]
            return (state.gate, reply)
        }
        await gate?.pass()
        return reply
    }
}

extension RefreshReply {
    static func renewed(
        access: String, refresh: String? = nil, expiresIn: Int? = 3600, scope: [String]? = nil
    )
        -> RefreshReply
    {
        .renewed(
            TokenGrant(
                accessToken: SecretBytes(access), tokenType: "Bearer", expiresIn: expiresIn,
                refreshToken: refresh.map { SecretBytes($0) }, scope: scope, idToken: nil
            )
        )
    }

    static let dead = RefreshReply.deadGrant(ProviderError(code: "invalid_grant", detail: nil, status: 400))
    static let down = RefreshReply.transient(detail: "no route", retryAfter: nil)
}

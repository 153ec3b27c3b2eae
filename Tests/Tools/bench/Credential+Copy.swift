import AgentAPI
import SecretMemory
import Vault

extension Credential {
    /// The same login for another account.
    func copy(for name: AccountName) -> Credential {
        Credential(
            account: name, generation: generation, issuer: issuer, clientID: clientID, clientSecret: clientSecret,
            refreshToken: refreshToken, scope: scope, grantedAt: grantedAt, identity: identity,
            journalKey: SecretBytes((0..<32).map { _ in UInt8.random(in: .min ... .max) }),
            endpointHosts: endpointHosts
        )
    }
}

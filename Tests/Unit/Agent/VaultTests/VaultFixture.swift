import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// One account with a scripted provider, a recording store and time that stands still.
struct VaultFixture {
    let time = ManualTime()
    let store = RecordingStore()
    let refresher: ScriptedRefresher
    let vault: AccountVault
    let news = NewsLog()
    let name: AccountName

    init(
        _ refresher: ScriptedRefresher = ScriptedRefresher(.renewed(access: "a2")),
        journal: (any RotationJournal)? = nil
    ) throws {
        self.refresher = refresher
        name = try #require(AccountName("work"))
        vault = AccountVault(
            account: name,
            ports: AccountVault.Ports(
                refresher: refresher, store: store, reader: StoreReader(store: store, time: time),
                journal: journal, time: time,
                jitter: { 0.5 }, scheduleChanged: {}, report: { [news] in news.append($0) }
            )
        )
    }

    var key: RecordKey { RecordKey(account: name, purpose: .login) }

    func credential(_ refreshToken: String?, generation: UInt64 = 1, secret: String? = nil) -> Credential {
        Credential(
            account: name, generation: generation, issuer: "https://issuer.example", clientID: "tv",
            clientSecret: secret.map { SecretBytes($0) }, refreshToken: refreshToken.map { SecretBytes($0) },
            scope: ["openid"], grantedAt: time.wall
        )
    }

    /// Puts a credential in the store only, as after a restart.
    func stored(_ refreshToken: String = "r1", generation: UInt64 = 1) {
        store.put(credential(refreshToken, generation: generation).record)
    }

    /// Logs in with this token.
    @discardableResult
    func loggedIn(access: String = "a1", refresh: String? = "r1", expiresIn: Int? = 3600) async -> AccessToken {
        let grant = TokenGrant(
            accessToken: SecretBytes(access), tokenType: "Bearer", expiresIn: expiresIn,
            refreshToken: refresh.map { SecretBytes($0) }, scope: nil, idToken: nil
        )
        let client = AccountVault.GrantedClient(issuer: "https://issuer.example", id: "tv", secret: nil)
        return await vault.adopt(grant, to: client, askedScope: ["openid"], requestedAt: time.now).token
    }

    func token(_ minimumValidity: Int = 60) async throws(TokenFailure) -> String {
        try await vault.token(minimumValidity: .seconds(minimumValidity)).token.secret.revealedText()
    }

    var storedCredential: Credential? { store.records[key].flatMap(Credential.init) }
}

internal import AgentAPI
internal import OAuth
internal import SecretMemory
internal import Vault

/// What all machines share of their logins: each secret is one object, so that a fleet fits in memory.
struct SharedLogin {
    let credential: Credential
    let authorization: DeviceAuthorization
    private let access = SecretBytes("access")
    private let lifetime: Int

    struct InvalidName: Error {}

    init(lifetime: Int) throws {
        guard let account = AccountName("work") else { throw InvalidName() }
        self.lifetime = lifetime
        credential = Credential(
            account: account, generation: 1, issuer: "https://issuer.example", clientID: "fleet", clientSecret: nil,
            refreshToken: SecretBytes("refresh"), scope: ["openid"], grantedAt: 0)
        authorization = DeviceAuthorization(
            deviceCode: SecretBytes("device"), userCode: "FLEET", verificationURI: "https://issuer.example/device",
            expiresIn: 900)
    }

    func token(requestedAt: ContinuousClock.Instant) -> AccessToken {
        AccessToken(
            secret: access, type: "Bearer", scope: credential.scope, origin: .named, requestedAt: requestedAt,
            lifetime: .seconds(lifetime))
    }

    var grant: TokenGrant { TokenGrant(accessToken: access, expiresIn: lifetime) }
}

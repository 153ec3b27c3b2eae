internal import AgentAPI
internal import Configuration
internal import Formats
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// The inspection of one token: decodes a JWT, verifies its signature, introspects other tokens at the provider.
///
/// The token is sent to the provider of `account` only, and only if it may be that provider's.
struct TokenInspector {
    /// The account whose provider is used; `nil` if no account has the token's issuer.
    let account: Account?
    private let secret: SecretBytes
    private let role: TokenInspection.Role
    private let content: TokenContent

    init(_ secret: SecretBytes, role: TokenInspection.Role, _ account: Account) {
        self.secret = secret
        self.role = role
        self.account = account
        content = TokenContent(secret)
    }

    /// Creates an inspector of a token from elsewhere, for the first account with the issuer that the token names.
    init(_ secret: SecretBytes, amongAccounts accounts: [Account]) {
        self.secret = secret
        role = .given
        let content = TokenContent(secret)
        self.content = content
        account = content.issuer.flatMap { issuer in
            accounts.first { account in
                account.settings.issuer.map {
                    TokenIssuer.mayIssue(issuer, tenant: content.tenant, issuer: $0)
                } ?? false
            }
        }
    }

    func inspect(introspects: Bool, identities: IdentityVerifier) async -> TokenInspection {
        var result = TokenInspection(role: role, form: content.form)
        result.header = content.header.map(JSONContent.init(cleaning:))
        result.claims = content.claims.map(JSONContent.init(cleaning:))
        if content.form == .jwt { result.signature = await signature(identities) }
        if introspects || content.form != .jwt { result.introspection = await introspection() }
        return result
    }

    /// Returns why the token must not be sent to the account's provider; `nil` if it may. An opaque token is sent: the
    /// caller has named the account.
    private func objection(to account: Account) -> String? {
        // The account's own tokens came from its provider, whatever their content.
        if role != .given { return nil }
        guard let issuer = content.issuer else {
            return content.looksLikeJWT
                ? "it is a JWT or a part of one, and its issuer cannot be read, so it may be another provider's" : nil
        }
        let isOfProvider = account.settings.issuer.map {
            TokenIssuer.mayIssue(issuer, tenant: content.tenant, issuer: $0)
        }
        return isOfProvider == true ? nil : "its issuer is not that of the account '\(account.name)'"
    }

    private func signature(_ identities: IdentityVerifier) async -> SignatureReport {
        let token: JSONWebToken
        switch content.token {
        case .success(let parsed): token = parsed
        case .failure(let rejection): return SignatureReport(.invalid, detail: rejection.description)
        }
        let algorithm = DisplayText.clean(token.algorithm, limit: 64)
        let keyID = token.keyID.map { DisplayText.clean($0, limit: 128) }
        func report(_ state: SignatureReport.State, _ detail: String? = nil, issuer: Issuer? = nil) -> SignatureReport {
            SignatureReport(state, issuer: issuer?.text, algorithm: algorithm, keyID: keyID, detail: detail)
        }
        guard let account else { return report(.unchecked, "no account here has its issuer") }
        guard let issuer = account.settings.issuer, account.settings.hasMetadata else {
            return report(.unchecked, "the account '\(account.name)' has no issuer that publishes keys")
        }
        if let found = content.issuer, !TokenIssuer.mayIssue(found, tenant: content.tenant, issuer: issuer) {
            return report(.unchecked, "its issuer is not that of the account '\(account.name)'")
        }
        do throws(IdentityVerifier.Failure) {
            let isOfIssuer = try await identities.check(with: issuer, for: .inspection) {
                keys, tokenIssuer throws(IDTokenRejection) in
                _ = try keys.verify(token)
                return content.issuer.map { tokenIssuer.matches($0, tenant: content.tenant) } ?? true
            }
            // Tenants share keys; only the metadata shows which tenant is the account's.
            guard isOfIssuer else {
                return report(.unchecked, "its issuer is not that of the account '\(account.name)'")
            }
            return report(.valid, issuer: issuer)
        } catch {
            return switch error {
            case .rejected(let rejection): report(.invalid, rejection.description, issuer: issuer)
            case .noKeys(let detail): report(.unreachable, detail, issuer: issuer)
            }
        }
    }

    /// Introspects the token (RFC 7662). The provider decides whether this client may.
    private func introspection() async -> IntrospectionReport? {
        guard let account else { return nil }
        if let objection = objection(to: account) { return IntrospectionReport(.notAsked, detail: objection) }
        let server: AuthorizationServer
        do {
            guard let client = try account.provider.client(account.vault.client) else {
                return IntrospectionReport(.unavailable, detail: "the account has no client before its first login")
            }
            server = try await account.provider.server(for: client, .introspection)
        } catch let error as OAuthFailure {
            return IntrospectionReport(.unreachable, detail: error.description)
        } catch {
            return IntrospectionReport(.unavailable, detail: "\(error)")
        }
        switch await server.introspect(secret) {
        case .answered(let isActive, let members):
            return IntrospectionReport(
                isActive ? .active : .inactive,
                members: JSONContent(cleaning: members, redaction: Redaction([secret]))
            )
        case .unsupported:
            return IntrospectionReport(.unavailable, detail: "the provider has no introspection endpoint")
        case .refused(let detail): return IntrospectionReport(.unavailable, detail: detail)
        case .unreachable(let detail): return IntrospectionReport(.unreachable, detail: detail)
        }
    }
}

internal import AgentAPI
internal import Configuration
internal import Formats
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// What the ID token of one login must have beyond what each must.
struct IDTokenExpectation: Sendable {
    /// The login's `nonce`; `nil` if none was sent (OpenID Connect Core 1.0 §3.1.3.7).
    var nonce: String?
}

/// The verifier of ID tokens, with the keys of their issuers.
final class IdentityVerifier: Sendable {
    /// Why a token was not verified.
    enum Failure: Error {
        case rejected(IDTokenRejection)
        /// The keys are not available, so the token is neither valid nor invalid.
        case noKeys(String)
    }

    private let metadata: MetadataCache
    private let keys: KeyCache
    private let time: any Time

    init(metadata: MetadataCache, keys: KeyCache, time: any Time) {
        self.metadata = metadata
        self.keys = keys
        self.time = time
    }

    func verdict(
        on grant: TokenGrant, clientID: String, clientSecret: SecretBytes?, _ settings: AccountSettings,
        expecting expectation: IDTokenExpectation = IDTokenExpectation(), for purpose: KeyPurpose
    ) async -> IdentityVerdict {
        guard let idToken = grant.idToken else { return .absent }
        guard let issuer = settings.issuer, settings.hasMetadata else {
            return .unverified(detail: "the account has no issuer that publishes keys")
        }
        let claims: IDTokenClaims
        do throws(Failure) {
            let token = try parsed(idToken)
            // The issuer may publish no keys if it signs with client secrets.
            let needsKeys = SecretAlgorithm(rawValue: token.algorithm) == nil
            claims = try await check(with: issuer, for: purpose, needsKeys: needsKeys) {
                keys, tokenIssuer throws(IDTokenRejection) in
                try IDTokenRules(
                    issuer: tokenIssuer, clientID: clientID, clientSecret: clientSecret, nonce: expectation.nonce
                ).verify(token, accessToken: grant.accessToken, keys: keys)
            }
        } catch {
            switch error {
            case .rejected(let rejection) where rejection.isContradiction:
                return .refused(IdentityRefusal(.invalid, rejection.description))
            case .rejected(let rejection): return .unverified(detail: rejection.description)
            case .noKeys(let detail): return .unverified(detail: detail)
            }
        }
        let identity = Identity(claims)
        guard settings.allows(identity) else {
            return .refused(
                IdentityRefusal(.wrongSubject, "it is of the subject '\(DisplayText.clean(claims.subject))'"))
        }
        let (now, wall) = (time.now, time.wall)
        do throws(IDTokenRejection) { try claims.checkTimes(now: wall) } catch {
            return .verified(identity, idToken: nil, timing: error.description)
        }
        let held = HeldIDToken(secret: idToken, checkedAt: now, secondsLeft: max(0, claims.expiresAt - wall))
        return .verified(identity, idToken: held, timing: nil)
    }

    private func parsed(_ idToken: SecretBytes) throws(Failure) -> JSONWebToken {
        do throws(IDTokenRejection) { return try JSONWebToken(parsing: idToken.revealed()) } catch {
            throw .rejected(error)
        }
    }

    /// Runs `body` with the issuer's keys; if the signing key may be missing, once more with newly fetched ones.
    func check<Value: Sendable>(
        with issuer: Issuer, for purpose: KeyPurpose, needsKeys: Bool = true,
        _ body: (KeySet, TokenIssuer) throws(IDTokenRejection) -> Value
    ) async throws(Failure) -> Value {
        let start = time.now
        guard needsKeys else {
            let metadata: ServerMetadata
            do throws(OAuthFailure) { metadata = try await self.metadata.metadata(of: issuer) } catch {
                throw .noKeys(error.description)
            }
            do throws(IDTokenRejection) { return try body(KeySet([]), metadata.tokenIssuer) } catch {
                throw .rejected(error)
            }
        }
        let (known, url, tokenIssuer) = try await published(by: issuer, for: purpose)
        let rejection: IDTokenRejection
        do throws(IDTokenRejection) { return try body(known.keys, tokenIssuer) } catch { rejection = error }
        guard rejection.mayBeNewKey else { throw .rejected(rejection) }
        switch await keys.newerKeys(at: url, than: known, since: start, for: purpose) {
        case .found(let newer):
            do throws(IDTokenRejection) { return try body(newer, tokenIssuer) } catch { throw .rejected(error) }
        case .nothing: throw .rejected(rejection)
        // The token is not proven invalid: its key may have been published since.
        case .unknown(let detail): throw .noKeys(detail)
        }
    }

    private func published(
        by issuer: Issuer, for purpose: KeyPurpose
    ) async throws(Failure) -> (known: KeyCache.Known, url: EndpointURL, tokenIssuer: TokenIssuer) {
        do throws(OAuthFailure) {
            let metadata = try await metadata.metadata(of: issuer)
            guard let url = metadata.keysURL else {
                let refusal = metadata.refusedEndpoints["jwks_uri"]
                throw OAuthFailure.badResponse(
                    detail: refusal.map { "the address of the provider's keys is refused: \($0)" }
                        ?? "the provider publishes no keys"
                )
            }
            return (try await keys.keys(at: url, for: purpose), url, metadata.tokenIssuer)
        } catch {
            throw .noKeys(error.description)
        }
    }
}

extension Identity {
    fileprivate init(_ claims: IDTokenClaims) {
        self.init(
            issuer: claims.issuer,
            subject: claims.subject,
            audience: claims.audience,
            // Longer ones are not addresses (RFC 5321 §4.5.3.1) or names, and would only fill the store.
            email: claims.email.flatMap { $0.utf8.count <= 254 ? $0 : nil },
            name: claims.name.flatMap { $0.utf8.count <= 512 ? $0 : nil },
            // Others could not be requested.
            authentication: Identity.Authentication(
                context: claims.acr.flatMap { AuthenticationContexts.isName($0) ? $0 : nil },
                // Glewlwyd's 0 means that it does not say.
                time: claims.authenticatedAt.flatMap { $0 > 0 ? $0 : nil })
        )
    }
}

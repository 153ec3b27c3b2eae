internal import Formats
package import OAuth
package import SecretMemory

/// The rules by which a client verifies ID tokens (OpenID Connect Core 1.0 §3.1.3.7, RFC 8725).
package struct IDTokenRules: Sendable {
    package let issuer: TokenIssuer
    package let clientID: String
    /// For tokens signed with the client secret; `nil` if the client has none.
    private let clientSecret: SecretBytes?
    /// That of the authorization request; `nil` if it had none.
    private let nonce: String?

    package init(issuer: TokenIssuer, clientID: String, clientSecret: SecretBytes? = nil, nonce: String? = nil) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.nonce = nonce
    }

    /// OpenID Connect Core 1.0 §2.
    private static let longestSubject = 255
    /// Year 33658; keeps arithmetic on times from overflowing.
    private static let latestMoment: Double = 1e12

    /// Verifies everything but the times, which `checkTimes` checks. `accessToken` is the one from the same reply.
    package func verify(
        _ token: JSONWebToken, accessToken: SecretBytes?, keys: KeySet
    ) throws(IDTokenRejection) -> IDTokenClaims {
        try refuseOtherKinds(token)
        let keyIssuer = try checkSignature(token, keys)
        let claims = Claims(members: token.claims)
        let issuer = try claims.requiredText("iss")
        // Only Entra's `tid` has this meaning.
        let tenant = self.issuer == .entraTenants ? try claims.text("tid") : nil
        guard self.issuer.matches(issuer, tenant: tenant), self.issuer.allows(keyOf: keyIssuer, for: issuer) else {
            throw .wrongIssuer(found: issuer)
        }
        let audience = try self.audience(claims)
        let subject = try claims.requiredText("sub")
        guard subject.utf8.count <= Self.longestSubject, subject.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .claimMalformed("sub")
        }
        try checkHash(claims.text("at_hash"), token, of: accessToken)
        try checkNonce(claims)
        return IDTokenClaims(
            issuer: issuer,
            subject: subject,
            audience: audience,
            expiresAt: try claims.requiredMoment("exp"),
            issuedAt: try claims.requiredMoment("iat"),
            notBefore: try claims.moment("nbf"),
            // For display only: a malformed one is dropped, and does not reject the token.
            email: (try? claims.text("email")) ?? nil,
            name: (try? claims.text("name")) ?? nil,
            // Where a login needs them, one that is dropped is missing.
            authenticatedAt: (try? claims.moment("auth_time")) ?? nil,
            acr: (try? claims.text("acr")) ?? nil
        )
    }

    /// Compares the nonce with that of the request (OpenID Connect Core 1.0 §3.1.3.7 (11)): the token of another login
    /// must not pass for this one's.
    private func checkNonce(_ claims: Claims) throws(IDTokenRejection) {
        guard let nonce else { return }
        guard let value = claims.members["nonce"] else { throw .nonceMissing }
        guard case .string(let found) = value, SecretBytes(found) == SecretBytes(nonce) else { throw .wrongNonce }
    }

    /// Checks the signature and returns the issuer that the key belongs to; `nil` if the key does not name one.
    private func checkSignature(_ token: JSONWebToken, _ keys: KeySet) throws(IDTokenRejection) -> String? {
        guard let algorithm = SecretAlgorithm(rawValue: token.algorithm) else { return try keys.verify(token).issuer }
        guard let clientSecret else { throw .noClientSecret }
        guard algorithm.isValid(token.signature, over: token.signingInput, secret: clientSecret) else {
            throw .badSignature(isKeyKnown: true)
        }
        return nil
    }

    /// Refuses access tokens (RFC 9068 §2.1) and logout tokens, which the issuer signs with the same keys.
    private func refuseOtherKinds(_ token: JSONWebToken) throws(IDTokenRejection) {
        guard case .string(let type)? = token.header["typ"], type.lowercased().hasSuffix("+jwt") else { return }
        throw .otherKind(type)
    }

    private func audience(_ claims: Claims) throws(IDTokenRejection) -> [String] {
        let audience = try claims.audience()
        guard audience.contains(where: { $0.utf8.elementsEqual(clientID.utf8) }) else { throw .wrongAudience }
        let party = try claims.text("azp")
        if let party, !party.utf8.elementsEqual(clientID.utf8) { throw .wrongParty(found: party) }
        // Several audiences do not need `azp` (OpenID Connect Core 1.0 errata 2).
        return audience
    }

    /// Compares `at_hash` with the left half of the access token's hash (OpenID Connect Core 1.0 §3.1.3.6).
    private func checkHash(
        _ hash: String?, _ token: JSONWebToken, of accessToken: SecretBytes?
    ) throws(IDTokenRejection) {
        guard let hash, let accessToken else { return }
        let full: [UInt8]
        if let algorithm = SignatureAlgorithm(rawValue: token.algorithm) {
            full = accessToken.withBytes { algorithm.hash($0) }
        } else if let algorithm = SecretAlgorithm(rawValue: token.algorithm) {
            full = accessToken.withBytes { algorithm.hash($0) }
        } else {
            return
        }
        guard Base64URL.decode(hash.utf8) == Array(full.prefix(full.count / 2)) else { throw .wrongAccessTokenHash }
    }

    /// A strict reader of the payload's members: null and wrong types are errors.
    private struct Claims {
        let members: [String: JSONValue]

        func text(_ name: String) throws(IDTokenRejection) -> String? {
            switch members[name] {
            case nil: return nil
            case .string(let text)? where !text.isEmpty: return text
            default: throw .claimMalformed(name)
            }
        }

        func requiredText(_ name: String) throws(IDTokenRejection) -> String {
            guard let text = try text(name) else { throw .claimMissing(name) }
            return text
        }

        /// Reads a NumericDate, which may have a fraction (RFC 7519 §2).
        func moment(_ name: String) throws(IDTokenRejection) -> Int? {
            switch members[name] {
            case nil: return nil
            case .number(let text)?:
                guard let seconds = Double(text), (0...IDTokenRules.latestMoment).contains(seconds) else { fallthrough }
                return Int(seconds)
            default: throw .claimMalformed(name)
            }
        }

        func requiredMoment(_ name: String) throws(IDTokenRejection) -> Int {
            guard let moment = try moment(name) else { throw .claimMissing(name) }
            return moment
        }

        /// Reads one string or a list of them (RFC 7519 §4.1.3).
        func audience() throws(IDTokenRejection) -> [String] {
            switch members["aud"] {
            case nil: throw .claimMissing("aud")
            case .string(let text)?: return [text]
            case .array(let elements)? where !elements.isEmpty:
                var texts: [String] = []
                for element in elements {
                    guard case .string(let text) = element else { throw .claimMalformed("aud") }
                    texts.append(text)
                }
                return texts
            default: throw .claimMalformed("aud")
            }
        }
    }
}

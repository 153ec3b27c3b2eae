internal import Formats
package import OAuth
package import SecretMemory

/// The assertion of a JWT bearer grant (RFC 7523 §2.1 and §3), signed anew for each request.
package struct GrantAssertion: Sendable {
    /// The client id, which is the issuer unless the key's file names a service account; `nil` without one.
    package var clientID: String?
    /// On whose behalf; `nil` for the issuer itself.
    package var subject: String?
    package var audience: String
    /// The token endpoint.
    package var endpoint: EndpointURL
    package var scopes: [String]

    package init(
        clientID: String?, subject: String?, audience: String, endpoint: EndpointURL, scopes: [String]
    ) {
        self.clientID = clientID
        self.subject = subject
        self.audience = audience
        self.endpoint = endpoint
        self.scopes = scopes
    }

    /// In seconds. Salesforce takes 3 min at most; more than that of a client's assertion, because a token request of an
    /// unattended machine has to survive a clock that is slightly wrong.
    package static let lifetime = 180

    /// Returns the assertion. `wall` is in seconds since 1970, and `id` random bytes.
    package func signed(
        with key: AssertionKey, wall: Int, id: [UInt8]
    ) throws(ClientProofFailure) -> SecretBytes {
        let issuer: String
        if let holder = key.holder {
            try requireEndpoint(of: holder)
            issuer = holder.email
        } else if let clientID {
            issuer = clientID
        } else {
            throw ClientProofFailure(
                "the assertion has no issuer: the account has no client id, and the key's file names no service account",
                hint: "set client_id, or set client_key_file to the JSON key file of a service account")
        }
        return try AssertionClaims(
            // Google takes a subject for a delegation to a person, so a service account's own is left out.
            iss: issuer, sub: subject ?? (key.holder == nil ? issuer : nil), aud: audience,
            jti: Base64URL.encode(id), iat: wall, exp: wall + Self.lifetime,
            scope: key.holder == nil || scopes.isEmpty ? nil : scopes.joined(separator: " ")
        ).signed(with: key)
    }

    /// Refuses to send a service account's assertion to a server that its key file does not name.
    private func requireEndpoint(of holder: ServiceAccount) throws(ClientProofFailure) {
        guard let uri = holder.tokenURI else { return }
        let named = try? EndpointURL(parsing: uri)
        guard named?.origin == endpoint.origin else {
            throw ClientProofFailure(
                "the key file is for the token endpoint '\(DisplayText.clean(uri, limit: 200))', and the account's is"
                    + " '\(endpoint)'",
                hint: "set provider or token_endpoint in the account file to the key's provider")
        }
    }
}

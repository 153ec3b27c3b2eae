internal import FoundationEssentials
public import SecretMemory

/// An OAuth client as registered at the provider, able to authenticate each request. Signing is in `ClientKeys`; the
/// agent builds one from settings and files in `ClientCredentials`.
public struct Client: Sendable {
    /// Empty if the requests name no client, as those with a service account's assertion.
    public let id: String
    public let authentication: ClientAuthentication
    private let credential: Credential

    private enum Credential: Sendable {
        case none
        case secret(SecretBytes)
        case assertions(any ClientAssertionSigner)
        case certificate(@Sendable () throws(ClientProofFailure) -> ClientCertificate)
    }

    /// Creates a client that sends its secret, or a public client; without a secret the method is always `none`.
    public init(id: String, secret: SecretBytes? = nil, authentication: ClientAuthentication) {
        self.id = id
        if let secret, authentication.sendsSecret {
            self.authentication = authentication
            credential = .secret(secret)
        } else {
            self.authentication = .none
            credential = .none
        }
    }

    /// Creates a client that signs assertions: `client_secret_jwt` or `private_key_jwt`.
    public init(id: String, signer: any ClientAssertionSigner, authentication: ClientAuthentication) {
        self.id = id
        self.authentication = authentication
        credential = .assertions(signer)
    }

    /// Creates a client that presents a certificate, loaded anew for each request: `tls_client_auth` or
    /// `self_signed_tls_client_auth`.
    public init(
        id: String, authentication: ClientAuthentication,
        certificate: @escaping @Sendable () throws(ClientProofFailure) -> ClientCertificate
    ) {
        self.id = id
        self.authentication = authentication
        credential = .certificate(certificate)
    }
}

/// The parts of one request that identify and authenticate the client.
package struct ClientProof: Sendable {
    package var parameters: [FormEncoding.Parameter] = []
    /// The value of the `Authorization` header.
    package var authorization: String?
    package var certificate: ClientCertificate?
    /// Secrets sent in the request. They are redacted from replies, because the server may echo them.
    package var secrets: [SecretBytes] = []
}

extension Client {
    /// Whether a server that skips form-decoding of HTTP Basic (RFC 6749 §2.3.1) would read a different id or secret.
    public static func isChangedByEncoding(id: String, secret: SecretBytes) -> Bool {
        id.utf8.contains(where: FormEncoding.isEncoded)
            || secret.withBytes { $0.contains(where: FormEncoding.isEncoded) }
    }

    /// RFC 7523 §2.2.
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Returns the proof for one request. An assertion is signed for `audience`, and for this request alone.
    ///
    /// With `client_secret_basic` the body stays empty: some servers count a `client_id` as a second method (RFC 6749
    /// §2.3). RFC 7521 §4.2 allows it beside an assertion, RFC 8705 §2 requires it with a certificate.
    package func proof(for audience: String) throws(ClientProofFailure) -> ClientProof {
        var proof = ClientProof()
        let id = FormEncoding.Parameter.plain("client_id", id)
        switch credential {
        case .none: proof.parameters = self.id.isEmpty ? [] : [id]
        case .secret(let secret) where authentication == .clientSecretBasic:
            let credentials = basicCredentials(secret)
            proof.authorization = "Basic \(credentials)"
            proof.secrets = [secret, SecretBytes(credentials)]
        case .secret(let secret):
            proof.parameters = [id, .secret("client_secret", secret)]
            proof.secrets = [secret]
        case .assertions(let signer):
            let assertion = try signer.assertion(clientID: self.id, audience: audience)
            proof.parameters = [
                id, .plain("client_assertion_type", Self.assertionType), .secret("client_assertion", assertion),
            ]
            proof.secrets = [assertion]
        case .certificate(let certificate):
            proof.parameters = [id]
            proof.certificate = try certificate()
        }
        return proof
    }

    /// Form-encodes the id and the secret first, so that a colon in the id does not move the separator (RFC 6749
    /// §2.3.1).
    ///
    /// A header is text, so this copy of the secret cannot be wiped.
    private func basicCredentials(_ secret: SecretBytes) -> String {
        defer { DeadStack.clear() }
        var pair = WipedBytes(capacity: 3 * (id.utf8.count + secret.count) + 1)
        FormEncoding.encode(id.utf8, onto: &pair)
        pair.append(UInt8(ascii: ":"))
        secret.withBytes { FormEncoding.encode($0, onto: &pair) }
        return Data(pair).base64EncodedString()
    }
}

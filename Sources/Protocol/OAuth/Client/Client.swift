internal import FoundationEssentials
public import SecretMemory

/// The client as it is registered at the provider, able to prove itself at each request. The signing behind it is
/// `ClientKeys`; the agent makes one of settings and files in `ClientMeans`.
public struct Client: Sendable {
    public let id: String
    public let authentication: ClientAuthentication
    private let credential: Credential

    private enum Credential: Sendable {
        case none
        case secret(SecretBytes)
        case assertions(any ClientAssertionSigner)
        case certificate(@Sendable () throws(ClientProofFailure) -> ClientCertificate)
    }

    /// A client that sends its secret, or one that has none: the method is always `none` without a secret.
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

    /// A client that signs assertions: `client_secret_jwt` or `private_key_jwt`.
    public init(id: String, signer: any ClientAssertionSigner, authentication: ClientAuthentication) {
        self.id = id
        self.authentication = authentication
        credential = .assertions(signer)
    }

    /// A client that shows a certificate, which is fetched anew for each request: `tls_client_auth` or
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

/// What one request holds that says, and proves, who the client is.
package struct ClientProof: Sendable {
    package var parameters: [FormEncoding.Parameter] = []
    /// The value of the `Authorization` header.
    package var authorization: String?
    package var certificate: ClientCertificate?
    /// What was sent of it and must not be shown should the server echo it.
    package var secrets: [SecretBytes] = []
}

extension Client {
    /// Whether a server that does not decode HTTP Basic (RFC 6749 §2.3.1) sees another id or secret than was meant.
    public static func isChangedByEncoding(id: String, secret: SecretBytes) -> Bool {
        id.utf8.contains(where: FormEncoding.isEncoded)
            || secret.withBytes { $0.contains(where: FormEncoding.isEncoded) }
    }

    /// RFC 7523 §2.2.
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// The proof for one request; an assertion is made for `audience`, and for this request alone.
    ///
    /// With `client_secret_basic` there is nothing in the body: RFC 6749 §2.3 allows one method per request, and some
    /// servers take a `client_id` beside the header for a second one. RFC 7521 §4.2 lets the `client_id` accompany an
    /// assertion, RFC 8705 §2 demands it beside a certificate.
    package func proof(for audience: String) throws(ClientProofFailure) -> ClientProof {
        var proof = ClientProof()
        let id = FormEncoding.Parameter.plain("client_id", id)
        switch credential {
        case .none: proof.parameters = [id]
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

    /// The id and the secret are form-encoded first, so that a colon in the id does not move the border between them
    /// (RFC 6749 §2.3.1).
    ///
    /// Headers are text, so this is a copy of the secret that its owner cannot wipe.
    private func basicCredentials(_ secret: SecretBytes) -> String {
        defer { DeadStack.clear() }
        var pair = WipedBytes(capacity: 3 * (id.utf8.count + secret.count) + 1)
        FormEncoding.encode(id.utf8, onto: &pair)
        pair.append(UInt8(ascii: ":"))
        secret.withBytes { FormEncoding.encode($0, onto: &pair) }
        return Data(pair).base64EncodedString()
    }
}

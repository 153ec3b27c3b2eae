import Formats
import OAuth
import SecretMemory
import Testing

/// A login by code at a provider, with known secrets.
struct CodeLogin {
    static let issuer = "https://idp.example"
    /// base64url of 24 zeros.
    static let state = String(repeating: "A", count: 32)
    static let nonce = state

    let server: AuthorizationServer
    let transaction: AuthorizationTransaction
    let redirectURI: RedirectURI

    init(
        _ transport: ScriptedTransport = ScriptedTransport(), redirectURI: String = "http://127.0.0.1/callback",
        port: Int = 1234, metadata members: String? = #""authorization_response_iss_parameter_supported":true"#,
        issuer: String = issuer, authentication: ClientAuthentication = .none,
        dialect: RequestDialect = RequestDialect(),
        endpoint: String = "https://idp.example/authorize", scopes: [String] = ["openid", "mail"]
    ) throws {
        let metadata = try members.map { members in
            try #require(
                try ServerMetadata(
                    fields(#"{"issuer":"\#(issuer)",\#(members)}"#), askedFor: try Issuer(parsing: issuer)))
        }
        server = AuthorizationServer(
            endpoints: try ProviderEndpoints(
                metadata: metadata, token: try EndpointURL(parsing: "https://idp.example/token"),
                authorization: try EndpointURL(parsing: endpoint),
                known: .init(pushedAuthorization: try EndpointURL(parsing: "https://idp.example/par"))),
            client: Client(
                id: "app", secret: authentication == .none ? nil : SecretBytes("client-s3cret"),
                authentication: authentication),
            dialect: dialect, issuer: try Issuer(parsing: issuer), transport: transport)
        self.redirectURI = try RedirectURI(parsing: redirectURI).withPort(port)
        transaction = AuthorizationTransaction(
            redirectURI: self.redirectURI,
            proofKey: ProofKey(verifier: SecretBytes("verifier-s3cret"), challenge: "the-challenge"),
            server: server, metadata: metadata, scopes: scopes, randomBytes: { [UInt8](repeating: 0, count: $0) })
    }

    /// Returns a word for the result of a response: `code X`, `refused X`, or the reason why it is ignored.
    func result(_ text: String, allowsBareCode: Bool = false) -> String {
        switch AuthorizationResponse(text.utf8, to: transaction, allowsBareCode: allowsBareCode) {
        case .code(let code): "code \(code.revealedText())"
        case .refused(let error): "refused \(error)"
        case .ignored(let rejection): rejection.code
        }
    }

    /// The address of a response with these parameters after the state and the issuer.
    static func address(_ parameters: String, at redirect: String = "http://127.0.0.1:1234/callback") -> String {
        "\(redirect)?state=\(state)&iss=https%3A%2F%2Fidp.example&\(parameters)"
    }
}

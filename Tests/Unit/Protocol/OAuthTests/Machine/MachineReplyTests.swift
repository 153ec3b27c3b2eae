import OAuth
import SecretMemory
import Testing

/// Replies to requests for tokens without a person.
struct MachineReplyTests {
    private static let prefix = "urn:ietf:params:oauth:token-type:"

    private func reply(_ status: Int, _ body: String, to request: MachineRequest = .clientCredentials) -> MachineReply {
        MachineReply(ProviderReply(HTTPResponse(status, body)), to: request)
    }

    private func exchanged(
        _ members: String, for requested: TokenTypeIdentifier? = nil
    ) -> Result<TokenGrant, Unusable> {
        let exchange = TokenExchange(of: TokenExchange.Token(SecretBytes("st"), .accessToken), for: requested)
        switch reply(200, #"{"access_token":"t",\#(members)}"#, to: .exchange(exchange)) {
        case .granted(let grant): return .success(grant)
        case .unusable(let detail): return .failure(Unusable(detail: detail))
        default: return .failure(Unusable(detail: "another reply"))
        }
    }

    private struct Unusable: Error { let detail: String }

    @Test("a refresh token in the reply is dropped")
    func refreshToken() throws {
        let body = #"{"access_token":"t","token_type":"Bearer","refresh_token":"r","refresh_expires_in":9}"#
        guard case .granted(let grant) = reply(200, body) else { throw Unusable(detail: "no grant") }
        #expect(grant.refreshToken == nil && grant.refreshExpiresIn == nil)
    }

    @Test("the reply to an exchange must say what was issued")
    func issuedType() {
        #expect(throws: Unusable.self) { try exchanged(#""token_type":"Bearer""#).get() }
        #expect(throws: Unusable.self) { try exchanged(#""token_type":"Bearer","issued_token_type":null"#).get() }
        #expect(throws: Unusable.self) { try exchanged(#""token_type":"Bearer","issued_token_type":"jwt jwt""#).get() }
    }

    @Test("another type than the requested one is refused, and a JWT is an access token if it is called Bearer")
    func otherType() throws {
        let access = #""token_type":"Bearer","issued_token_type":"\#(Self.prefix)access_token""#
        let jwt = #""token_type":"Bearer","issued_token_type":"\#(Self.prefix)jwt""#
        #expect(try exchanged(access).get().issuedType == .accessToken)
        #expect(try exchanged(jwt, for: .accessToken).get().tokenType == "Bearer")
        #expect(throws: Unusable.self) { try exchanged(access, for: .jwt).get() }
        #expect(throws: Unusable.self) { try exchanged(access, for: .idToken).get() }
    }

    @Test("what is not an access token has the type N_A, and an ID token called Bearer is refused")
    func notAnAccessToken() throws {
        let members = #""token_type":"N_A","issued_token_type":"\#(Self.prefix)id_token""#
        #expect(try exchanged(members, for: .idToken).get().tokenType == TokenGrant.notAnAccessToken)
        let wrong = #""token_type":"Bearer","issued_token_type":"\#(Self.prefix)id_token""#
        #expect(throws: Unusable.self) { try exchanged(wrong, for: .idToken).get() }
    }

    @Test("N_A is refused where nothing was exchanged")
    func otherGrant() {
        guard case .unusable = reply(200, #"{"access_token":"t","token_type":"N_A"}"#) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("an issued refresh token is refused")
    func issuedRefreshToken() {
        let type = TokenTypeIdentifier("refresh_token")
        #expect(throws: Unusable.self) {
            try exchanged(#""token_type":"N_A","issued_token_type":"\#(Self.prefix)refresh_token""#, for: type).get()
        }
    }

    @Test("a 4xx without an OAuth error is the server's refusal, but a page is not", arguments: [400, 401, 403, 404])
    func refusal(status: Int) {
        guard case .rejected(let found, _) = reply(status, "") else {
            Issue.record("not a refusal")
            return
        }
        #expect(found == status)
        guard case .transient = reply(status, "<html>") else {
            Issue.record("a page counts")
            return
        }
    }

    @Test("overload, redirects and temporary errors are no refusals", arguments: [302, 407, 429, 500, 503])
    func transient(status: Int) {
        guard case .transient(_, _, let obstacle) = reply(status, #"{"error":"invalid_client"}"#) else {
            Issue.record("not transient")
            return
        }
        #expect((obstacle == .overload) == (status == 429))
    }
}

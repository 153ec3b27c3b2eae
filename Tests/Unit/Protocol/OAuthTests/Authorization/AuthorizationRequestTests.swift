import OAuth
import SecretMemory
import Testing

struct AuthorizationRequestTests {
    private func pairs(_ address: String) -> [String] {
        address.split(separator: "?", maxSplits: 1).last?.split(separator: "&").map(String.init) ?? []
    }

    @Test("the address has all parameters of a login by code, with S256 and a nonce")
    func address() throws {
        let login = try CodeLogin()
        let address = try login.server.authorizationURL(
            AuthorizationRequest(scopes: ["openid", "mail"]), login.transaction)
        #expect(address.hasPrefix("https://idp.example/authorize?"))
        #expect(
            pairs(address) == [
                "response_type=code", "client_id=app", "redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Fcallback",
                "scope=openid%20mail", "state=\(CodeLogin.state)", "code_challenge=the-challenge",
                "code_challenge_method=S256", "nonce=\(CodeLogin.nonce)",
            ])
        #expect(!address.contains("verifier"))
    }

    @Test("each login has its own state and nonce of 192 random bits; without openid there is no nonce")
    func secrets() throws {
        let login = try CodeLogin()
        #expect(login.transaction.state.count == 32)
        #expect(login.transaction.nonce?.utf8.count == 32)
        #expect(try CodeLogin(scopes: ["mail"]).transaction.nonce == nil)
        var seed: UInt8 = 0
        let transaction = AuthorizationTransaction(
            redirectURI: login.redirectURI, proofKey: login.transaction.proofKey, server: login.server, metadata: nil,
            scopes: ["openid"],
            randomBytes: { count in
                seed += 1
                return [UInt8](repeating: seed, count: count)
            })
        #expect(transaction.state.revealedText() != transaction.nonce)
    }

    @Test("what the request asks of the user is sent, with the account file's parameters after it")
    func everything() throws {
        let login = try CodeLogin(scopes: [])
        var request = AuthorizationRequest(scopes: [])
        request.resources = ["https://a.example/", "urn:b"]
        request.audience = "api"
        request.loginHint = "me@example.com"
        request.acrValues = ["phr", "mfa"]
        request.maxAge = 0
        request.claims = #"{"id_token":{"acr":null}}"#
        request.details = try AuthorizationDetails(parsing: #"[{"type":"x"}]"#)
        request.more = try AuthorizationParameters([
            "prompt": "consent", "access_type": "offline",
        ])
        #expect(
            pairs(try login.server.authorizationURL(request, login.transaction)).dropFirst(6) == [
                "login_hint=me%40example.com", "acr_values=phr%20mfa", "max_age=0",
                "claims=%7B%22id_token%22%3A%7B%22acr%22%3Anull%7D%7D", "resource=https%3A%2F%2Fa.example%2F",
                "resource=urn%3Ab", "audience=api", "authorization_details=%5B%7B%22type%22%3A%22x%22%7D%5D",
                "access_type=offline", "prompt=consent",
            ])
    }

    @Test(
        "an endpoint's own query stays (RFC 6749 §3.1)",
        arguments: [
            ("https://idp.example/authorize?p=policy", "?p=policy&response_type=code&"),
            ("https://idp.example/authorize?", "authorize?response_type=code&"),
            ("https://idp.example/authorize?a=1&", "?a=1&response_type=code&"),
        ])
    func query(endpoint: String, part: String) throws {
        let login = try CodeLogin(endpoint: endpoint)
        let address = try login.server.authorizationURL(AuthorizationRequest(scopes: []), login.transaction)
        #expect(address.contains(part))
        #expect(address.split(separator: "?", omittingEmptySubsequences: false).count == 2)
    }

    @Test("an address that servers would not take is refused")
    func tooLong() throws {
        let login = try CodeLogin()
        let request = AuthorizationRequest(scopes: (0..<1000).map { "scope-\($0)" })
        let failure = #expect(throws: OAuthFailure.self) {
            try login.server.authorizationURL(request, login.transaction)
        }
        #expect(failure?.description.contains("8000 bytes") == true)
    }

    @Test("at AWS the scopes have the name that its own CLI sends")
    func aws() throws {
        var dialect = RequestDialect()
        dialect.encoding = .awsJSON
        let login = try CodeLogin(metadata: nil, dialect: dialect, scopes: ["sso:account:access"])
        let address = try login.server.authorizationURL(
            AuthorizationRequest(scopes: ["sso:account:access"]), login.transaction)
        #expect(pairs(address).contains("scopes=sso%3Aaccount%3Aaccess"))
        #expect(!address.contains("&scope="))
    }

    @Test("without an authorization endpoint a login by code fails with the reason")
    func noEndpoint() throws {
        let metadata = try #require(
            try ServerMetadata(
                fields(
                    #"{"issuer":"https://idp.example","authorization_endpoint":"http://idp.example/a","token_endpoint":"https://idp.example/t"}"#
                ),
                askedFor: try Issuer(parsing: "https://idp.example")))
        let failure = #expect(throws: OAuthFailure.self) {
            try ProviderEndpoints(metadata: metadata).requiredAuthorization()
        }
        guard case .codeFlowUnsupported(let detail)? = failure else { return #expect(Bool(false)) }
        #expect(detail.contains("is refused: it uses plain http to 'idp.example'"))
    }
}

struct AuthorizationParametersTests {
    @Test("a provider's own parameters are accepted as they are")
    func accepted() throws {
        let values = [
            "prompt": "select_account consent", "access_type": "offline", "x-hd": "example.com",
        ]
        #expect(try AuthorizationParameters(values).values == values)
        #expect(try AuthorizationParameters(["response_type": "code", "code_challenge_method": "S256"]).values.isEmpty)
    }

    @Test(
        "a parameter that the login sets itself, or that weakens it, is refused with what to do",
        arguments: [
            ("response_type", "token", "the implicit flow"), ("response_type", "code id_token", "the implicit flow"),
            ("response_type", "none", "must be 'code'"), ("code_challenge_method", "plain", "PKCE with 'plain'"),
            ("code_challenge_method", "s256", "must be 'S256'"), ("response_mode", "fragment", "must be 'query'"),
            ("response_mode", "form_post", "must be 'query'"), ("response_mode", "jwt", "must be 'query'"),
            ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob", "phishing"),
            ("redirect_uri", "http://127.0.0.1/", "a key of its own"), ("scope", "mail", "a key of its own"),
            ("client_id", "x", "a key of its own"), ("login_hint", "x", "a key of its own"),
            ("resource", "x", "a key of its own"), ("authorization_details", "[]", "a key of its own"),
            ("state", "x", "set by the login"), ("nonce", "x", "set by the login"),
            ("code_challenge", "x", "set by the login"),
            ("request", "x", "set by the login"), ("request_uri", "x", "set by the login"),
            ("client_secret", "x", "set by the login"), ("grant_type", "password", "the password grant"),
            ("grant_type", "x", "set by the login"), ("password", "x", "set by the login"),
            ("max_age", "300", "what one login demands"), ("acr_values", "phr", "what one login demands"),
            ("claims", "{}", "what one login demands"),
            ("", "x", "not a parameter's name"), ("a b", "x", "not a parameter's name"),
            ("a&b", "x", "not a parameter's name"),
            ("x", "\u{1B}[31m", "cannot be shown"), ("x", String(repeating: "x", count: 1025), "longer than 1024"),
        ])
    func refused(name: String, value: String, problem: String) throws {
        let refusal = try #require(
            throws: AuthorizationParameters.Refusal.self
        ) { try AuthorizationParameters([name: value]) }
        #expect(refusal.description.contains(problem), "\(refusal)")
        #expect(!refusal.hint.isEmpty)
    }

    @Test("more parameters than any provider has are refused")
    func tooMany() {
        let values = Dictionary(uniqueKeysWithValues: (0..<33).map { ("p\($0)", "x") })
        #expect(throws: AuthorizationParameters.Refusal.self) { try AuthorizationParameters(values) }
    }
}

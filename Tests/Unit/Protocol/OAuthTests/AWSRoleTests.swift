import OAuth
import SecretMemory
import Testing

/// Requests for credentials of roles at AWS, by the names of the API references.
struct AWSRoleTests {
    private static let token = SecretBytes("at-0123456789")

    private func portal(
        _ transport: ScriptedTransport, _ url: String = "https://portal.example"
    ) async throws
        -> Result<RoleCredentials, RoleFailure>
    {
        try await AccessPortal(EndpointURL(parsing: url), transport: transport)
            .credentials(role: "Read+Only", account: "123456789012", for: Self.token)
    }

    private func sts(
        _ transport: ScriptedTransport, duration: Int? = nil
    ) async throws -> Result<RoleCredentials, RoleFailure> {
        try await SecurityTokenService(EndpointURL(parsing: "https://sts.example/"), transport: transport)
            .credentials(
                role: "arn:aws:iam::123456789012:role/ci", sessionName: "authagent-work", duration: duration,
                for: SecretBytes("header.payload.signature"))
    }

    private static let found = """
        {"roleCredentials":{"accessKeyId":"ASIA0123456789ABCDEF","secretAccessKey":"s/+=","sessionToken":"t",\
        "expiration":2000000000999}}
        """

    @Test("the portal gets the access token in a header, and its milliseconds become seconds")
    func assigned() async throws {
        for (url, prefix) in [
            ("https://portal.example", "https://portal.example/"), ("http://127.0.0.1:1/a/", "http://127.0.0.1:1/a/"),
        ] {
            let transport = ScriptedTransport(
                HTTPResponse(200, Self.found, [("Date", "Wed, 18 May 2033 03:00:00 GMT")]))
            let credentials = try await portal(transport, url).get()
            #expect(credentials.accessKeyID == "ASIA0123456789ABCDEF" && credentials.expiresAt == 2_000_000_000)
            #expect(credentials.secretAccessKey == SecretBytes("s/+=") && credentials.sessionToken == SecretBytes("t"))
            #expect(credentials.issuedAt == 1_999_998_000)
            let request = try #require(transport.requests.first)
            #expect(request.method == .get && request.body == nil)
            #expect(
                request.url.text
                    == prefix + "federation/credentials?role_name=Read%2BOnly&account_id=123456789012")
            #expect(request.header("x-amz-sso_bearer_token") == "at-0123456789")
            #expect(request.header("Authorization") == nil)
        }
    }

    @Test(
        "a success without usable credentials is unreadable",
        arguments: [
            "", "{}", #"{"roleCredentials":null}"#, #"{"roleCredentials":[]}"#, "<html>",
            found.replacing("2000000000999", with: #""2000000000999""#), found.replacing("2000000000999", with: "1e12"),
            found.replacing("2000000000999", with: "-5000"), found.replacing("2000000000999", with: "0"),
            found.replacing("2000000000999", with: "99999999999999999999"),
            found.replacing("2000000000999", with: "9223372036854775807"), found.replacing("s/+=", with: ""),
            found.replacing("s/+=", with: #"a\nb"#), found.replacing("ASIA0123456789ABCDEF", with: "short"),
            found.replacing(#""t""#, with: "7"), found.replacing("accessKeyId", with: "x"),
        ])
    func nonsense(body: String) async throws {
        guard case .failure(.unreadable) = try await portal(ScriptedTransport(HTTPResponse(200, body))) else {
            return #expect(Bool(false), "\(body)")
        }
    }

    private func portalFailure(
        _ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []
    ) async throws -> RoleFailure? {
        if case .failure(let failure) = try await portal(ScriptedTransport(HTTPResponse(status, body, headers))) {
            return failure
        }
        return nil
    }

    @Test("errors of the portal are told apart, by type or by status, and the token is not repeated")
    func portalErrors() async throws {
        func error(_ type: String) -> String { #"{"message":"no at-0123456789","__type":"com.amazonaws.x#\#(type)"}"# }
        let said = "no <redacted>"
        #expect(
            try await portalFailure(401, error("UnauthorizedException"))
                == .tokenRefused("the server answers with status 401: \(said)"))
        #expect(try await portalFailure(401, "{}") == .tokenRefused("the server answers with status 401"))
        for (status, type) in [
            (403, "ForbiddenException"), (404, "ResourceNotFoundException"), (400, "InvalidRequestException"),
        ] {
            guard case .roleRefused(let text)? = try await portalFailure(status, error(type)) else {
                return #expect(Bool(false), "\(type)")
            }
            #expect(text.hasPrefix("the server answers with status \(status): ") && text.hasSuffix(said), "\(text)")
        }
        #expect(
            try await portalFailure(429, error("TooManyRequestsException"), [("Retry-After", "7")])
                == .busy("the server answers with status 429: \(said)", retryAfter: .seconds(7)))
        #expect(
            try await portalFailure(400, "{}", [("x-amzn-ErrorType", "TooManyRequestsException:http://x")])
                == .busy("the server answers with status 400", retryAfter: nil))
        #expect(try await portalFailure(503, "<html>") == .busy("the server answers with status 503", retryAfter: nil))
        for (status, body) in [(403, "<html>"), (404, ""), (302, "{}")] {
            guard case .unreadable? = try await portalFailure(status, body) else {
                return #expect(Bool(false), "\(status)")
            }
        }
        let down = try await portal(ScriptedTransport([.failure(.unreachable("no route"))]))
        #expect(down == .failure(.unreachable(.unreachable("no route"))))
    }

    private static let assumed = """
        <?xml version="1.0"?><AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>ann</SubjectFromWebIdentityToken><Credentials>
        <SessionToken>t+/=</SessionToken><SecretAccessKey>s</SecretAccessKey>
        <Expiration>2033-05-18T03:33:20Z</Expiration><AccessKeyId>ASIA0123456789ABCDEF</AccessKeyId></Credentials>
        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
        """

    @Test("STS gets the ID token in a form, and its XML is read")
    func trusting() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, Self.assumed), HTTPResponse(200, Self.assumed))
        let credentials = try await sts(transport).get()
        #expect(credentials.expiresAt == 2_000_000_000 && credentials.issuedAt == nil)
        #expect(credentials.sessionToken == SecretBytes("t+/=") && credentials.secretAccessKey == SecretBytes("s"))
        _ = try await sts(transport, duration: 900)
        let common = [
            "Action=AssumeRoleWithWebIdentity", "Version=2011-06-15",
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci", "RoleSessionName=authagent-work",
            "WebIdentityToken=header.payload.signature",
        ]
        #expect(transport.requests.map(\.form) == [common, common + ["DurationSeconds=900"]])
        #expect(transport.requests.allSatisfy { $0.url.text == "https://sts.example/" && $0.method == .post })
    }

    private func stsFailure(_ status: Int, _ body: String) async throws -> RoleFailure? {
        if case .failure(let failure) = try await sts(ScriptedTransport(HTTPResponse(status, body))) {
            failure
        } else {
            nil
        }
    }

    @Test("errors of STS are told apart by their code, and the token is not repeated")
    func stsErrors() async throws {
        func error(_ code: String) -> String {
            "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>\(code)</Code>"
                + "<Message>bad header.payload.signature\u{9} token</Message></Error></ErrorResponse>"
        }
        func text(_ status: Int, _ code: String) -> String {
            "the server answers with status \(status): \(code): bad <redacted> token"
        }
        #expect(
            try await stsFailure(400, error("ExpiredTokenException"))
                == .tokenRefused(text(400, "ExpiredTokenException")))
        for code in ["InvalidIdentityToken", "IDPRejectedClaim", "AccessDenied", "ValidationError"] {
            #expect(try await stsFailure(403, error(code)) == .roleRefused(text(403, code)))
        }
        for code in ["IDPCommunicationError", "Throttling"] {
            #expect(try await stsFailure(400, error(code)) == .busy(text(400, code), retryAfter: nil))
        }
        #expect(try await stsFailure(500, error("Other")) == .busy(text(500, "Other"), retryAfter: nil))
        #expect(try await stsFailure(503, "x") == .busy("the server answers with status 503", retryAfter: nil))
        #expect(try await stsFailure(403, "<html>no</html>") == .unreadable("the server answers with status 403"))
        for body in [
            "", "<a/>", Self.assumed.replacing("Credentials", with: "Other"),
            Self.assumed.replacing("2033-05-18T03:33:20Z", with: "tomorrow"),
            Self.assumed.replacing("<SecretAccessKey>s<", with: "<SecretAccessKey>s s<"),
            Self.assumed.replacing("</Credentials>", with: "<SecretAccessKey>z</SecretAccessKey></Credentials>"),
        ] {
            #expect(try await stsFailure(200, body) == .unreadable("the reply of STS has no credentials"))
        }
    }
}

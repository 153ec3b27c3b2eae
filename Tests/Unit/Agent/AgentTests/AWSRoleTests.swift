import Agent
import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing

/// `POST /v1/accounts/NAME/aws-credentials`.
struct AWSRoleTests {
    private static let role = AWSRole.assigned(role: "ReadOnly", account: "123456789012")
    private static let arn = AWSRole.trusting(
        arn: "arn:aws:iam::123456789012:role/ci", sessionName: nil, duration: 3600)
    private static let portal = "https://d-1234567890.awsapps.com/start"

    private static func found(_ wall: Int) -> FakeProvider.Answer {
        .json(
            200,
            #"{"roleCredentials":{"accessKeyId":"ASIA0123456789ABCDEF","secretAccessKey":"s","sessionToken":"t","#
                + #""expiration":\#(wall + 3600)000}}"#)
    }

    /// A login at the preset's addresses.
    private func fixture() async throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.script(
            .register, .json(200, #"{"clientId":"c1","clientSecret":"s1","clientSecretExpiresAt":2000000000}"#))
        fixture.provider.script(
            .device,
            .json(
                200,
                #"{"deviceCode":"d","userCode":"ABCD","verificationUri":"https://p.example/","expiresIn":600,"interval":1}"#
            ))
        fixture.provider.script(
            .token, .json(200, #"{"accessToken":"a1","tokenType":"Bearer","expiresIn":3600,"refreshToken":"r1"}"#),
            .json(200, #"{"accessToken":"a2","tokenType":"Bearer","expiresIn":3600,"refreshToken":"r2"}"#))
        fixture.provider.script(.portal, Self.found(fixture.time.wall))
        let log = try await fixture.login(
            LoginRequest(
                settings: LoginSettings(
                    provider: "aws", providerParameters: ["region": "eu-west-1", "start_url": Self.portal])))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { throw Problem(.internalError, "the login has failed") }
        return fixture
    }

    private func request(
        _ fixture: AgentFixture, _ role: AWSRole = role, within limits: CallerLimits = CallerLimits()
    ) async -> Result<AWSCredentialsReply, Problem> {
        do throws(Problem) {
            return .success(try await fixture.agent.awsCredentials(fixture.name, role, within: limits))
        } catch { return .failure(error) }
    }

    private func problem(_ fixture: AgentFixture, _ role: AWSRole = role) async -> Problem? {
        if case .failure(let problem) = await request(fixture, role) { problem } else { nil }
    }

    @Test("the preset's portal of the region gets the access token, once")
    func preset() async throws {
        let fixture = try await fixture()
        let reply = try await request(fixture).get()
        let end = 1_800_003_600
        #expect(
            reply
                == AWSCredentialsReply(
                    accessKeyID: "ASIA0123456789ABCDEF", secretAccessKey: "s", sessionToken: "t",
                    expiration: reply.expiration, expiresAt: end, accountID: "123456789012"))
        #expect(reply.expiration.hasPrefix("2027-01-15T") && reply.expiration.hasSuffix("Z"))
        #expect(try await request(fixture).get() == reply)
        let sent = fixture.provider.all(.portal)
        #expect(sent.count == 1)
        #expect(
            sent.first?.url.text == "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name="
                + "ReadOnly&account_id=123456789012")
        #expect(sent.first?.headers.contains { $0.name == "x-amz-sso_bearer_token" && $0.value == "a1" } == true)
    }

    @Test("the file's portal replaces the preset's, from the reload on, and gets its own credentials")
    func configured() async throws {
        let fixture = try await fixture()
        _ = await request(fixture)
        try await fixture.configure("sso_portal_url = \"http://127.0.0.1:7/aws\"\n")
        _ = try await request(fixture).get()
        #expect(fixture.provider.urls(.portal).count == 2)
        #expect(
            fixture.provider.urls(.portal).last?.hasPrefix("http://127.0.0.1:7/aws/federation/credentials?") == true)
    }

    @Test("an account that names no service sends nothing, and the problem says which key is missing")
    func unconfigured() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        for (role, key) in [(Self.role, "sso_portal_url = "), (Self.arn, "sts_url = ")] {
            let problem = try #require(await problem(fixture, role))
            #expect(problem.code == .configurationError)
            #expect(problem.hint?.contains(key) == true, "\(problem)")
        }
        #expect(fixture.provider.all(.portal).isEmpty)
        let unknown = try AgentFixture()
        #expect(await problem(unknown)?.code == .unknownAccount)
    }

    @Test("an access token that the portal refuses is renewed once, and after that a login is required")
    func refused() async throws {
        let fixture = try await fixture()
        let no = FakeProvider.Answer.json(401, #"{"message":"no","__type":"x#UnauthorizedException"}"#)
        fixture.provider.script(.portal, no, Self.found(fixture.time.wall))
        _ = try await request(fixture).get()
        #expect(fixture.provider.all(.portal).map { $0.headers.last?.value } == ["a1", "a2"])

        fixture.time.advance(by: .seconds(3000))
        fixture.provider.script(.portal, no)
        let problem = try #require(await problem(fixture))
        #expect(problem.code == .loginRequired && problem.reason == "provider_rejected")
        #expect(problem.hint == "run 'authagent login work'")
        #expect(problem.detail.contains("'123456789012/ReadOnly'"))
    }

    @Test(
        "AWS's refusals name the role; its faults are temporary",
        arguments: [
            (403, #"{"message":"No access","__type":"x#ForbiddenException"}"#, Problem.Code.providerRejected),
            (404, #"{"message":"x","__type":"x#ResourceNotFoundException"}"#, .providerRejected),
            (400, #"{"message":"x","__type":"x#InvalidRequestException"}"#, .providerRejected),
            (429, #"{"message":"x","__type":"x#TooManyRequestsException"}"#, .providerUnreachable),
            (503, "", .providerUnreachable), (200, "{}", .providerRejected), (403, "<html>", .providerRejected),
        ])
    func errors(status: Int, body: String, code: Problem.Code) async throws {
        let fixture = try await fixture()
        fixture.provider.script(.portal, .json(status, body))
        let problem = try #require(await problem(fixture))
        #expect(problem.code == code, "\(problem)")
        #expect(problem.detail.contains("'123456789012/ReadOnly'") && problem.hint != nil, "\(problem)")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a logout and a lock end them; after an unlock they are requested anew")
    func ended() async throws {
        let fixture = try await fixture()
        _ = await request(fixture)
        _ = try await fixture.agent.lock(LockRequest())
        #expect(await problem(fixture)?.code == .locked)
        _ = try await fixture.agent.unlock(UnlockRequest())
        _ = try await request(fixture).get()
        #expect(fixture.provider.all(.portal).count == 2)
        fixture.provider.script(.revocation, .json(200, ""))
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(await problem(fixture)?.code == .loginRequired)
        #expect(fixture.provider.all(.portal).count == 2)
    }

    @Test("a rule with AWS roles gives no token with which the portal would give all of them")
    func onlyRoles() async throws {
        let fixture = try await fixture()
        let bound = TokenBound(namesAWSRoles: true)
        _ = try await request(fixture, within: CallerLimits(bound: bound)).get()
        let refusal = try #require(await fixture.refusal(BoundRequest(bound: bound)))
        #expect(refusal.code == .forbidden && refusal.reason == "only_aws_roles", "\(refusal)")
        #expect(
            fixture.agent.tokenAtOnce(fixture.name, BoundRequest(bound: bound)).map { (try? $0.get()) == nil } == true)

        let other = try AgentFixture()
        try await other.completeLogin()
        #expect(await other.refusal(BoundRequest(bound: bound)) == nil)
    }

    @Test("an ARN without an ID token is refused before anything is sent")
    func noIDToken() async throws {
        let fixture = try await fixture()
        #expect(await problem(fixture, Self.arn)?.code == .noIDToken)
        #expect(fixture.provider.all(.sts).isEmpty)
    }
}

import AgentAPI
import Policy
import TestSupport
import Testing

/// `POST /v1/accounts/NAME/aws-credentials`, with its rules and its record.
struct AWSCredentialsRouteTests {
    private static let assigned = #"{"account_id":"123456789012","role":"ReadOnly"}"#
    private static let arn = "arn:aws:iam::123456789012:role/ci"
    private static let trusting = #"{"role_arn":"\#(arn)","session_name":"me","duration":900}"#

    private func post(_ body: String) -> Request { .post("/v1/accounts/work/aws-credentials", body) }

    @Test("the role reaches the service, and the reply has the credentials")
    func reply() async throws {
        let work = try #require(AccountName("work"))
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(post(Self.assigned))
            #expect(reply.status == 200 && reply["cache-control"] == "no-store")
            let credentials = try APIJSON.decode(AWSCredentialsReply.self, from: reply.body.utf8)
            #expect(credentials.secretAccessKey == "secret" && credentials.accountID == "123456789012")
            _ = try await server.exchange(post(Self.trusting))
            #expect(
                server.service.calls == [
                    .awsCredentials(work, .assigned(role: "ReadOnly", account: "123456789012")),
                    .awsCredentials(work, .trusting(arn: Self.arn, sessionName: "me", duration: 900)),
                ])
        }
    }

    @Test("a body that names no role is refused before the service, with the member at fault")
    func badBodies() async throws {
        try await ServerFixture.serving { server in
            for (body, member) in [
                ("{}", "account_id"), (#"{"account_id":"1","role":"R"}"#, "account_id"),
                (#"{"role_arn":"x"}"#, "role_arn"),
                (#"{"account_id":"123456789012","role":"R","duration":9}"#, "duration"),
            ] {
                let problem = try #require(try await server.exchange(post(body)).problem)
                #expect(problem.code == .badRequest && problem.detail.hasPrefix(member + " "), "\(problem)")
            }
            for body in ["", "[]", #"{"role":7}"#, #"{"role":"a","role":"b"}"#] {
                #expect(try await server.exchange(post(body)).problem?.code == .badRequest)
            }
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("the rule's roles decide, and a refusal names the role, in the reply and in the record")
    func rules() async throws {
        let fixture = AccessFixture()
        var rule = AccessFixture.rule(allow: [.token, .idToken])
        rule.awsRoles = [AWSRolePattern("*/ReadOnly"), AWSRolePattern(Self.arn)].compactMap(\.self)
        try await ServerFixture.serving(access: fixture.access(rule)) { server in
            #expect(try await server.exchange(post(Self.assigned)).status == 200)
            #expect(try await server.exchange(post(Self.trusting)).status == 200)
            let admin = Self.assigned.replacing("ReadOnly", with: "Admin")
            let problem = try #require(try await server.exchange(post(admin)).problem)
            #expect(problem.code == .forbidden && problem.reason == "role_not_allowed")
            #expect(problem.detail.contains("'123456789012/Admin'"))
        }
        #expect(fixture.records.map { $0.awsRole?.text } == ["123456789012/ReadOnly", Self.arn, "123456789012/Admin"])
        #expect(fixture.records.map(\.permissions) == [[.token], [.token, .idToken], [.token]])
        #expect(fixture.records.allSatisfy { $0.scopes.isEmpty })
    }

    @Test("under a bound without roles, and without the permissions, the service is not called")
    func refused() async throws {
        for (rule, body) in [
            (AccessFixture.rule(allow: [.token], scopes: ["a"]), Self.assigned),
            (AccessFixture.rule(allow: [.token]), Self.trusting),
            (AccessFixture.rule(allow: [.idToken, .status]), Self.assigned),
        ] {
            let fixture = AccessFixture()
            try await ServerFixture.serving(access: fixture.access(rule)) { server in
                let reply = try await server.exchange(post(body))
                #expect(reply.problem?.code == .forbidden)
                #expect(server.service.calls.isEmpty)
            }
        }
    }
}

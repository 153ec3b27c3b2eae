import AgentAPI
import Testing

/// The body of a request for credentials of a role at AWS.
struct AWSRoleTests {
    private func role(_ body: String) throws -> Result<AWSRole, AWSRole.Invalid> {
        let request = try APIJSON.decode(AWSCredentialsRequest.self, from: body.utf8)
        do throws(AWSRole.Invalid) { return .success(try request.validRole()) } catch { return .failure(error) }
    }

    @Test("a role is named by account and role, or by ARN")
    func valid() throws {
        #expect(
            try role(#"{"account_id":"012345678901","role":"Read_Only+=,.@-"}"#).get()
                == .assigned(role: "Read_Only+=,.@-", account: "012345678901"))
        let arn = "arn:aws-us-gov:iam::123456789012:role/a/b:*/ci"
        let trusting = try role(#"{"role_arn":"\#(arn)","session_name":"me@example","duration":900}"#).get()
        #expect(trusting == .trusting(arn: arn, sessionName: "me@example", duration: 900))
        #expect(trusting.text == arn && trusting.account == "123456789012" && trusting.needsIDToken)
    }

    @Test(
        "any other body is refused, with the member at fault",
        arguments: [
            ("{}", "account_id"), (#"{"role":"R"}"#, "account_id"), (#"{"account_id":"123456789012"}"#, "role"),
            (#"{"account_id":"12345678901","role":"R"}"#, "account_id"),
            (#"{"account_id":"１23456789012","role":"R"}"#, "account_id"),
            (#"{"account_id":"123456789012","role":""}"#, "role"),
            (#"{"account_id":"123456789012","role":"a/b"}"#, "role"),
            (#"{"account_id":"123456789012","role":"a&b=c"}"#, "role"),
            (#"{"account_id":"123456789012","role":"R","duration":900}"#, "duration"),
            (#"{"account_id":"123456789012","role":"R","session_name":"me"}"#, "session_name"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","role":"R"}"#, "role"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","account_id":"123456789012"}"#, "account_id"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","session_name":"m"}"#, "session_name"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","session_name":"a b"}"#, "session_name"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","duration":899}"#, "duration"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/ci","duration":43201}"#, "duration"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/"}"#, "role_arn"),
            (#"{"role_arn":"arn:aws:iam::123456789012:user/ci"}"#, "role_arn"),
            (#"{"role_arn":"arn:gcp:iam::123456789012:role/ci"}"#, "role_arn"),
            (#"{"role_arn":"arn:aws:iam::123456789012:role/c i"}"#, "role_arn"),
            (#"{"role_arn":""}"#, "role_arn"), (#"{"role_arn":"ci"}"#, "role_arn"),
        ])
    func invalid(body: String, member: String) throws {
        guard case .failure(let error) = try role(body) else { return #expect(Bool(false), "\(body)") }
        #expect(error.member.rawValue == member)
    }
}

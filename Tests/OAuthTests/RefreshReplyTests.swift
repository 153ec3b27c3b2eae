import OAuth
import SecretMemory
import Testing

@Suite struct RefreshReplyTests {
    private func classify(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> String {
        switch RefreshReply(ProviderReply(HTTPResponse(status, body, headers))) {
        case .renewed: "renewed"
        case .unconfigured: "unconfigured"
        case .changed: "changed"
        case .deadGrant(let error): "dead \(error.code)"
        case .misconfigured(let error): "misconfigured \(error.code)"
        case .rejected(let status, let detail): "rejected \(status): \(detail)"
        case .unanswered: "unanswered"
        case .transient(_, let retryAfter): "transient\(retryAfter.map { " \($0)" } ?? "")"
        }
    }

    @Test("a token renews the login", arguments: [#"{"access_token":"a","refresh_token":"r"}"#, "access_token=a"])
    func renewed(body: String) {
        #expect(classify(200, body) == "renewed")
    }

    @Test(
        "only invalid_grant, or a provider's documented word for it, says that the grant is dead",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, "invalid_grant"),
            (401, #"{"error":"invalid_grant"}"#, "invalid_grant"),
            (403, #"{"error":"invalid_grant"}"#, "invalid_grant"),
            (200, "error=bad_refresh_token", "bad_refresh_token"),
            (400, #"{"errors":[{"errorType":"invalid_grant"}]}"#, "invalid_grant"),
            (400, #"{"status":400,"message":"invalid_grant"}"#, "invalid_grant"),
            (400, #"{"status":400,"message":"Invalid refresh token"}"#, "Invalid refresh token"),
            (400, #"{"error":"Bad Request","message":"Invalid refresh token"}"#, "Invalid refresh token"),
            (400, #"{"__type":"InvalidGrantException"}"#, "InvalidGrantException"),
        ]
    )
    func dead(status: Int, body: String, code: String) {
        #expect(classify(status, body) == "dead \(code)")
    }

    @Test(
        "an error about the client or the request is a matter of configuration",
        arguments: [
            "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type",
            "invalid_target", "use_dpop_nonce", "incorrect_client_credentials",
        ]
    )
    func misconfigured(code: String) {
        #expect(classify(400, #"{"error":"\#(code)"}"#) == "misconfigured \(code)")
        #expect(classify(401, #"{"error":"\#(code)"}"#) == "misconfigured \(code)")
    }

    @Test(
        "a definite refusal without a known OAuth error is a rejection, which destroys nothing",
        arguments: [
            (400, "", "the reply is empty"), (401, "", "the reply is empty"), (400, "{}", "the reply names no error"),
            (401, #"{"message":"bad token"}"#, "bad token"), (410, "", "the reply is empty"),
            (400, #"{"error":"interaction_required","error_description":"MFA"}"#, "interaction_required: MFA"),
            (401, #"{"error":"expired_token"}"#, "expired_token"),
            (401, #"{"error":"Unauthorized","message":"who?"}"#, "who?"),
        ]
    )
    func rejected(status: Int, body: String, detail: String) {
        #expect(classify(status, body) == "rejected \(status): \(detail)")
    }

    @Test(
        "network, proxies, overload and nonsense leave the refresh token as good as before",
        arguments: [
            (500, ""), (503, #"{"error":"invalid_grant"}"#), (429, #"{"error":"invalid_grant"}"#), (408, ""), (425, ""),
            (403, "<html>"), (404, "<html>"), (403, #"{"error":"Forbidden"}"#), (403, ""), (404, "{}"), (407, ""),
            (400, "<html>"), (401, "Forbidden"),
            (200, "<html>captive portal</html>"), (200, ""),
            (302, ""), (307, #"{"error":"invalid_grant"}"#), (400, #"{"error":"temporarily_unavailable"}"#),
            (400, #"{"error":"server_error"}"#), (400, #"{"error":"slow_down"}"#), (200, "{\"access_token\":\"a\""),
            (400, #"{"error":"invalid_grant","error":"invalid_grant"}"#), (99, ""), (200, "[]"),
        ]
    )
    func transient(status: Int, body: String) {
        #expect(classify(status, body) == "transient")
    }

    @Test(
        "an answer of success without a token that can be used leaves open what became of the refresh token",
        arguments: ["{}", #"{"access_token":"a","token_type":"mac"}"#])
    func unanswered(body: String) {
        #expect(classify(200, body) == "unanswered")
    }

    @Test("a busy server's wish to wait is kept, at most an hour")
    func retryAfter() {
        #expect(classify(503, "", [("Retry-After", "120")]) == "transient \(Duration.seconds(120))")
        #expect(classify(429, "", [("Retry-After", "86400")]) == "transient \(Duration.seconds(3600))")
    }

    @Test("no transport failure destroys anything; once something was sent, nobody knows what became of it")
    func transportFailures() {
        for failure: TransportFailure in [.unreachable("a"), .nameNotFound("a"), .tls("a")] {
            guard case .transient = RefreshReply(failure) else {
                Issue.record("\(failure) is something else")
                continue
            }
        }
        let sent: [TransportFailure] = [
            .broken("a"), .timedOut("a"), .bodyTooLarge(limit: 1), .malformed("a"), .cancelled,
        ]
        for failure in sent {
            guard case .unanswered = RefreshReply(failure) else {
                Issue.record("\(failure) is something else")
                continue
            }
        }
    }

    @Test("a weak client secret that is part of an error code does not change what the code says")
    func weakSecret() {
        let response = HTTPResponse(400, #"{"error":"invalid_client","error_description":"bad client"}"#)
        let reply = ProviderReply(response, secrets: [SecretBytes("client")])
        guard case .misconfigured(let error) = RefreshReply(reply) else {
            Issue.record("another class of reply")
            return
        }
        #expect(error == ProviderError(code: "invalid_client", detail: "bad <redacted>", status: 400))
    }
}

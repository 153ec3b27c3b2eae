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
        case .needsPerson(let error): "needs person \(error.code)"
        case .misconfigured(let error): "misconfigured \(error.code)"
        case .rejected(let status, let detail): "rejected \(status): \(detail)"
        case .unanswered: "unanswered"
        case .transient(_, let retryAfter, _): "transient\(retryAfter.map { " \($0)" } ?? "")"
        }
    }

    @Test(
        "a reply with a token refreshes the login",
        arguments: [#"{"access_token":"a","refresh_token":"r"}"#, "access_token=a"])
    func renewed(body: String) {
        #expect(classify(200, body) == "renewed")
    }

    @Test(
        "only invalid_grant, or a provider's documented word for it, means a dead grant",
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
        "an error about the client or the request is a configuration error",
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
        "a definite refusal without a known OAuth error is a rejection that keeps the login",
        arguments: [
            (400, "", "the reply is empty"), (401, "", "the reply is empty"), (400, "{}", "the reply names no error"),
            (401, #"{"message":"bad token"}"#, "bad token"), (410, "", "the reply is empty"),
            (400, #"{"error":"no_such_word"}"#, "no_such_word"),
            (401, #"{"error":"Unauthorized","message":"who?"}"#, "who?"),
        ]
    )
    func rejected(status: Int, body: String, detail: String) {
        #expect(classify(status, body) == "rejected \(status): \(detail)")
    }

    @Test(
        "after network, proxy, overload or malformed replies, the refresh token is still unused",
        arguments: [
            (500, ""), (503, #"{"error":"invalid_grant"}"#), (429, #"{"error":"invalid_grant"}"#), (408, ""), (425, ""),
            (403, "<html>"), (404, "<html>"), (403, #"{"error":"Forbidden"}"#), (403, ""), (404, "{}"), (407, ""),
            (400, "<html>"), (401, "Forbidden"),
            (407, #"{"error":"invalid_grant"}"#), (503, #"{"error":"invalid_refresh_token"}"#),
            (302, ""), (307, #"{"error":"invalid_grant"}"#), (400, #"{"error":"temporarily_unavailable"}"#),
            (400, #"{"error":"server_error"}"#), (400, #"{"error":"slow_down"}"#),
            (400, #"{"error":"invalid_grant","error":"invalid_grant"}"#), (99, ""),
        ]
    )
    func transient(status: Int, body: String) {
        #expect(classify(status, body) == "transient")
    }

    @Test(
        "after a success without a usable token, the refresh token's state is unknown",
        arguments: [
            "{}", #"{"access_token":"a","token_type":"mac"}"#, "<html>captive portal</html>", "", " ", "[]", "null",
            #"{"access_token":"a""#, #"{"access_token":"a","access_token":"b"}"#, "\u{1F}\u{8B}", "ok", "true",
            #"{"access_token":7}"#, #"{"access_token":""}"#, String(repeating: " ", count: 2_000_000),
        ])
    func unanswered(body: String) {
        for status in [200, 201, 202, 206] { #expect(classify(status, body) == "unanswered") }
    }

    @Test(
        "a provider's own word for a dead refresh token is a dead grant, with any status",
        arguments: [
            "invalid_refresh_token", "bad_refresh_token", "refresh_token_expired", "RefreshTokenExpired",
            "expired_refresh_token", "REFRESH_TOKEN_REVOKED", "refresh_token_not_found", "RefreshTokenReused",
            "InvalidRefreshTokenException", "refresh token has been revoked", "The refresh token is invalid",
            "refresh token is invalid or expired", "token_revoked", "token_expired", "expired_token", "invalid_token",
            "invalid_code", "session_expired", "invalid_grant",
        ])
    func synonyms(word: String) {
        for status in [200, 400, 401, 403, 404, 409, 410, 422] {
            #expect(classify(status, #"{"ok":false,"error":"\#(word)"}"#) == "dead \(word)", "\(status)")
        }
        for status in [407, 408, 425, 429, 500, 502, 503, 504] {
            #expect(classify(status, #"{"error":"\#(word)"}"#) == "transient", "\(status)")
        }
    }

    @Test(
        "a word that only mentions refresh tokens is not a dead grant",
        arguments: [
            "missing_refresh_token", "refresh_token_required", "refresh_token_not_supported", "refresh_token",
            "unsupported_refresh_token", "refresh token is not expired", "invalid_refresh_token_format",
        ])
    func noSynonym(word: String) {
        #expect(classify(400, #"{"error":"\#(word)"}"#) == "rejected 400: \(word)")
    }

    @Test(
        "an error that needs the user is distinguished from grant and client errors",
        arguments: [
            "interaction_required", "login_required", "consent_required", "account_selection_required", "mfa_required",
        ])
    func needsPerson(code: String) {
        for status in [200, 400, 401, 403] {
            #expect(classify(status, #"{"error":"\#(code)","error_description":"MFA"}"#) == "needs person \(code)")
        }
        #expect(classify(503, #"{"error":"\#(code)"}"#) == "transient")
    }

    @Test("a validation error that blames the refresh token is a dead grant")
    func validationError() {
        let strava =
            #"{"message":"Bad Request","errors":[{"resource":"Token","field":"refresh_token","code":"invalid"}]}"#
        #expect(classify(400, strava) == "dead invalid_refresh_token")
    }

    @Test("a busy server's Retry-After is kept, up to an hour")
    func retryAfter() {
        #expect(classify(503, "", [("Retry-After", "120")]) == "transient \(Duration.seconds(120))")
        #expect(classify(429, "", [("Retry-After", "86400")]) == "transient \(Duration.seconds(3600))")
    }

    @Test("a name that does not resolve, and a server that turns requests away, are told from other obstacles")
    func obstacles() {
        func obstacle(_ reply: RefreshReply) -> RefreshReply.Obstacle? {
            if case .transient(_, _, let obstacle) = reply { obstacle } else { nil }
        }
        #expect(obstacle(RefreshReply(TransportFailure.nameNotFound("a"))) == .offline)
        #expect(obstacle(RefreshReply(TransportFailure.unreachable("a"))) == .unknown)
        for (status, expected) in [(429, RefreshReply.Obstacle.overload), (503, RefreshReply.Obstacle.unknown)] {
            #expect(obstacle(RefreshReply(ProviderReply(HTTPResponse(status: status, body: "".utf8)))) == expected)
        }
    }

    @Test("a transport failure keeps the token; after sending, its state is unknown")
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

    @Test("a weak client secret that is part of an error code does not change the code")
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

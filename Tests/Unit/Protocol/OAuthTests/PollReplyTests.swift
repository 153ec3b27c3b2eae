import OAuth
import Testing

@Suite struct PollReplyTests {
    /// Returns the reply's case, with the facts that tests need.
    private func name(_ reply: PollReply) -> String {
        switch reply {
        case .granted: "granted"
        case .pending(let interval): "pending \(interval ?? 0)"
        case .slowDown(let interval): "slow \(interval ?? 0)"
        case .denied: "denied"
        case .expired: "expired"
        case .refused(let error): "refused \(error.code)"
        case .transient(_, let backsOff, let retryAfter):
            "transient\(backsOff ? " backing off" : "")\(retryAfter.map { " \($0)" } ?? "")"
        case .untrusted: "untrusted"
        case .unusable: "unusable"
        case .unsupported: "unsupported"
        }
    }

    private func classify(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> String {
        name(PollReply(ProviderReply(HTTPResponse(status, body, headers))))
    }

    @Test(
        "D5: only `error` decides, independent of the status",
        arguments: [
            (400, #"{"error":"authorization_pending"}"#, "pending 0"),
            (403, #"{"error":"authorization_pending"}"#, "pending 0"),
            (428, #"{"error":"authorization_pending","interval":7}"#, "pending 7"),
            (200, #"{"error":"authorization_pending"}"#, "pending 0"),
            (200, "error=authorization_pending", "pending 0"),
            (400, #"{"status":400,"message":"authorization_pending"}"#, "pending 0"),
            (400, #"{"error":"slow_down"}"#, "slow 0"), (403, #"{"error":"slow_down","interval":"10"}"#, "slow 10"),
            (429, #"{"error":"slow_down"}"#, "slow 0"), (500, #"{"error":"slow_down"}"#, "slow 0"),
            (400, #"{"error":"slow_down","error_description":"authorization_pending"}"#, "slow 0"),
            (400, #"{"status":400,"message":"slow_down"}"#, "slow 0"),
        ]
    )
    func pending(status: Int, body: String, expected: String) {
        #expect(classify(status, body) == expected)
    }

    @Test(
        "D5: any other OAuth error stops polling",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, "invalid_grant"), (400, #"{"error":"made_up"}"#, "made_up"),
            (401, #"{"error":"invalid_client"}"#, "invalid_client"),
            (200, #"{"error":"incorrect_client_credentials","error_uri":"/x"}"#, "incorrect_client_credentials"),
            (400, #"{"error":{"message":"expired","code":463,"type":"OAuthException"}}"#, "OAuthException"),
            (400, #"{"error":{"message":"expired","code":463}}"#, "463"),
            (400, #"{"error":{"message":"expired"}}"#, "unknown_error"),
            (400, #"{"errors":[{"errorType":"invalid_grant"}]}"#, "invalid_grant"),
            (400, #"{"error":["bad","worse"]}"#, "bad"),
            (400, #"{"error":7,"error_description":"x"}"#, "7"), (400, #"{"error":true}"#, "unknown_error"),
            (400, #"{"error_code":"made_up"}"#, "made_up"), (400, #"{"errorCode":"E0000011"}"#, "E0000011"),
            (400, #"{"error":"made_up","message":"slow_down"}"#, "made_up"),
            (401, #"{"error":"Unauthorized","error_description":"bad client"}"#, "Unauthorized"),
            (400, #"{"error":"token_pending"}"#, "token_pending"), (400, #"{"errors":"made_up"}"#, "made_up"),
        ]
    )
    func refused(status: Int, body: String, code: String) {
        #expect(classify(status, body) == "refused \(code)")
    }

    @Test(
        "D5: a 5xx, a 429, a redirect or a body other than JSON does not stop polling",
        arguments: [
            (500, ""), (502, "{}"), (503, "<html>"), (500, #"{"error":"invalid_grant"}"#),
            (400, #"{"error":"temporarily_unavailable"}"#),
            (400, #"{"error":"server_error"}"#), (200, "<html>Log in to the Wi-Fi</html>"), (200, ""), (403, "<html>"),
            (404, ""), (401, ""), (403, ""), (422, ""), (400, #"{"message":"Bad Request"}"#), (407, "<html>"),
            (302, ""),
            (307, #"{"access_token":"a"}"#), (200, #"{"access_token":"a","access_token":"b"}"#),
            (400, #"{"error":""}"#),
            (404, #"{"error":"Not Found"}"#), (404, #"{"error":"404 Not Found"}"#), (403, #"{"error":403}"#),
            (404, #"{"type":"about:blank","title":"Not Found"}"#),
            (403, #"{"error":{"code":403,"message":"Forbidden"}}"#), (400, #"{"error_code":0}"#),
            (400, #"{"error":null}"#), (400, #"{"error":[]}"#), (400, #"{"errors":[[]]}"#),
        ]
    )
    func transient(status: Int, body: String) {
        #expect(classify(status, body) == "transient")
    }

    @Test("a success without a token is unusable")
    func success() {
        #expect(classify(200, #"{"access_token":"a"}"#) == "granted")
        #expect(classify(201, #"{"access_token":"a","error":null,"errors":[]}"#) == "granted")
        #expect(classify(200, "access_token=a&token_type=bearer&scope=") == "granted")
        #expect(classify(200, #"{"token_type":"bearer"}"#) == "unusable")
        #expect(classify(200, #"{"authorization_code":"c"}"#) == "unsupported")
        #expect(classify(200, #"{"access_token":"a","error":"","errors":{},"message":"slow_down"}"#) == "granted")
        #expect(classify(200, #"{"access_token":"a","error":0,"error_description":"","error_code":0}"#) == "granted")
        #expect(classify(200, #"{"access_token":"a","token_type":"mac"}"#) == "unusable")
        #expect(classify(200, "{}") == "unusable")
    }

    @Test(
        "a denial and an expiry are recognised in each provider's words and members",
        arguments: [
            (400, #"{"error":"access_denied"}"#, "denied"), (403, #"{"error":"access_denied"}"#, "denied"),
            (200, "error=access_denied", "denied"), (400, #"{"error":"authorization_declined"}"#, "denied"),
            (200, #"{"error":"access_denied","access_token":"a"}"#, "denied"), (418, "", "denied"),
            (401, #"{"error":"expired_token"}"#, "expired"), (400, #"{"error":"code_expired"}"#, "expired"),
            (200, #"{"error":"token_expired"}"#, "expired"), (410, "", "expired"),
            (400, #"{"message":"EXPIRED_TOKEN"}"#, "expired"),
            (400, #"{"errors":[{"code":"expired_token"}]}"#, "expired"),
            (400, #"{"error":true,"message":"access_denied"}"#, "denied"),
            (400, #"{"error":{"code":400,"message":"access_denied"}}"#, "denied"),
            (400, #"{"error":{"reason":"expired_token"}}"#, "expired"),
        ]
    )
    func ends(status: Int, body: String, expected: String) {
        #expect(classify(status, body) == expected)
    }

    @Test("an empty reply counts by its status: 400 is pending, 429 overload, others transient")
    func emptyReplies() {
        #expect(classify(400, "") == "pending 0")
        #expect(classify(429, " \n") == "slow 0")
        #expect(classify(409, "") == "unusable")
        #expect(classify(410, "<html>") == "transient")
        #expect(classify(418, "I'm a teapot") == "transient")
    }

    @Test("D9: an overloaded server is polled less often", arguments: ["not json", #"{"error":"rate_limited"}"#])
    func overload(body: String) {
        #expect(classify(429, body) == "transient backing off")
    }

    @Test("a busy server's Retry-After is honoured")
    func retryAfter() {
        #expect(classify(429, "", [("retry-after", "30")]) == "transient backing off \(Duration.seconds(30))")
        #expect(classify(429, #"{"error":"slow_down"}"#, [("Retry-After", "30")]) == "slow 30")
        #expect(classify(429, #"{"error":"slow_down"}"#, [("Retry-After", "999")]) == "slow 120")
        #expect(classify(503, "{}", [("Retry-After", "9999999")]) == "transient \(Duration.seconds(3600))")
    }

    @Test("D4: only a timeout backs off; an untrusted certificate ends the polling")
    func transportFailures() {
        #expect(name(PollReply(.timedOut("10 s"))) == "transient backing off")
        #expect(name(PollReply(.unreachable("refused"))) == "transient")
        #expect(name(PollReply(.malformed("no HTTP"))) == "transient")
        #expect(name(PollReply(.bodyTooLarge(limit: 1))) == "transient")
        #expect(name(PollReply(.tls("expired"))) == "untrusted")
    }
}

import OAuth
import Testing

@Suite struct RevocationReplyTests {
    private func classify(
        _ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []
    ) -> RevocationReply {
        RevocationReply(ProviderReply(HTTPResponse(status, body, headers)))
    }

    @Test(
        "V1: a success means revoked or already invalid, with any body",
        arguments: ["", "{}", "<html>", "OK", "null"])
    func revoked(body: String) {
        #expect(classify(200, body) == .revoked)
        #expect(classify(204, body) == .revoked)
    }

    @Test("V1: after 503 the token is still valid, and Retry-After is honoured")
    func stillExists() {
        #expect(
            classify(503, "", [("Retry-After", "60")])
                == .retry(detail: "the server answers with status 503", retryAfter: .seconds(60))
        )
    }

    @Test("V1: a temporary status is retried", arguments: [408, 425, 429, 500, 502, 504])
    func retried(status: Int) {
        #expect(classify(status, "") == .retry(detail: "the server answers with status \(status)", retryAfter: nil))
    }

    @Test(
        "V1: a refusal is reported in the server's words and not retried",
        arguments: [
            (400, #"{"error":"unsupported_token_type"}"#, "the server answers with status 400: unsupported_token_type"),
            (401, "", "the server answers with status 401"), (403, "<html>", "the server answers with status 403"),
            (
                400, #"{"error_description":"invalid client id"}"#,
                "the server answers with status 400: invalid client id"
            ),
            (200, #"{"error":"invalid_client"}"#, "the server answers with status 200: invalid_client"),
            (307, "", "the server answers with a redirect (status 307), which is not followed"),
        ]
    )
    func refused(status: Int, body: String, detail: String) {
        #expect(classify(status, body) == .refused(detail: detail))
    }

    @Test("V1: a temporary error is retried")
    func passing() {
        guard case .retry = classify(400, #"{"error":"temporarily_unavailable"}"#) else {
            Issue.record("not tried again")
            return
        }
    }

    @Test("V1: without an answer the token counts as still valid")
    func transportFailure() {
        #expect(RevocationReply(.timedOut("10 s")) == .retry(detail: "10 s", retryAfter: nil))
        #expect(RevocationReply(.tls("expired")) == .retry(detail: "expired", retryAfter: nil))
    }
}

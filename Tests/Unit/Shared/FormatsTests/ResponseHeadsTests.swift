import Formats
import Testing

/// The heads that curl prints with `-i`.
struct ResponseHeadsTests {
    private func refusal(_ text: String) throws -> ResponseHeads { try ResponseHeads(parsing: Array(text.utf8)) }

    @Test("a refusal has its status and its challenge, whatever the field's case, version and line ends")
    func challenge() throws {
        for head in [
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n\r\n",
            "HTTP/2 401 \r\nwww-authenticate: Bearer error=\"invalid_token\"\r\n\r\n{\"error\":1}",
            "HTTP/1.0 401\nServer: x\nwww-AUTHENTICATE:Bearer error=\"invalid_token\" \t\n\nbody\n\nmore",
            "\r\nHTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n",
        ] {
            let read = try refusal(head)
            #expect(read.status == 401)
            #expect(read.challenge == "Bearer error=\"invalid_token\"", "\(head)")
        }
    }

    @Test("several fields are joined by commas, and a folded one is one line")
    func fields() throws {
        let read = try refusal(
            "HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"a\"\r\nX: y\r\n"
                + "WWW-Authenticate: DPoP error=\"x\",\r\n   algs=\"ES256\"\r\nWWW-Authenticate: \r\n\r\n")
        #expect(read.challenge == "Basic realm=\"a\", DPoP error=\"x\", algs=\"ES256\"")
    }

    @Test("of the heads of a tunnel, an interim response and redirections, the last one with a challenge counts")
    func several() throws {
        let tunnel = "HTTP/1.1 200 Connection established\r\n\r\n"
        let interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
        let first = "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer first\r\n\r\n"
        let moved = "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"
        let last = "HTTP/1.1 403 F\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n\r\nHTTP/ is no head\r\n"
        let read = try refusal(tunnel + interim + first + moved + last)
        #expect(read.status == 403)
        #expect(read.challenge == "Bearer error=\"insufficient_scope\"")
        #expect(try refusal(first + moved).challenge == "Bearer first")
    }

    @Test("401 is a refusal without a challenge, and no other status is")
    func without() throws {
        #expect(try refusal("HTTP/1.1 401 U\r\nDate: x\r\n\r\n").challenge == nil)
        for status in [200, 204, 302, 403, 404, 500] {
            #expect(throws: ResponseHeads.Rejection.notARefusal(status: status)) {
                try refusal("HTTP/1.1 \(status) X\r\nDate: x\r\n\r\n")
            }
        }
        // A proxy's own refusal is not the service's.
        #expect(throws: ResponseHeads.Rejection.notARefusal(status: 407)) {
            try refusal("HTTP/1.1 407 P\r\nProxy-Authenticate: Basic\r\n\r\n")
        }
    }

    @Test("a request that the server has accepted in the end was not refused")
    func acceptedInTheEnd() {
        #expect(throws: ResponseHeads.Rejection.notARefusal(status: 200)) {
            try refusal("HTTP/1.1 401 U\r\nWWW-Authenticate: Digest x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok")
        }
    }

    @Test(
        "what is not a head is refused",
        arguments: [
            "", "\n\n", "{\"error\":\"x\"}", "401 Unauthorized\r\n\r\n", "HTTP/1.1 4x1 U\r\n\r\n", "HTTP/1.1\r\n",
        ])
    func notAHead(text: String) {
        #expect(throws: ResponseHeads.Rejection.notAHead) { try refusal(text) }
    }

    @Test("a control character and a head without an end are refused; a long body is not")
    func bounds() throws {
        #expect(throws: ResponseHeads.Rejection.controlCharacter) {
            try refusal("HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer \u{1b}[2J\r\n\r\n")
        }
        let head = "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\n"
        let long = String(
            repeating: "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", count: 5000)
        #expect(throws: ResponseHeads.Rejection.tooLong) { try refusal(head + long + "\r\n") }
        #expect(try refusal(head + "\r\n" + long).challenge == "Bearer")
    }
}

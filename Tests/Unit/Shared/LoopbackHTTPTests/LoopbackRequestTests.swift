import LoopbackHTTP
import Testing

struct LoopbackRequestTests {
    private func read(_ text: String) -> Result<LoopbackRequest, LoopbackRequest.Rejection> {
        do throws(LoopbackRequest.Rejection) { return .success(try LoopbackRequest(parsing: Array(text.utf8))) } catch {
            return .failure(error)
        }
    }

    private func status(_ text: String) -> Int? {
        if case .failure(let error) = read(text) { error.status } else { nil }
    }

    @Test("method, path, query and fields are read, and names of fields in any case")
    func good() throws {
        let request = try read(
            "GET /a/b?x=1%202&y=a+b&z HTTP/1.1\r\nHOST: localhost:1\r\nauthorization:\t s e \r\nX-Empty:\r\n\r\n"
        ).get()
        #expect(request.method == "GET" && request.path == "/a/b")
        #expect(request.query == ["x": "1 2", "y": "a b", "z": ""])
        #expect(request["Host"] == "localhost:1" && request["AUTHORIZATION"] == "s e" && request["x-empty"] == "")
        #expect(request["none"] == nil)
        #expect(try read("GET / HTTP/1.0\r\n\r\n").get().query.isEmpty)
        #expect(try read("POST /?a=%C3%A9 HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").get().query == ["a": "é"])
    }

    @Test(
        "what two readers could read in two ways is refused",
        arguments: [
            "", "\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\r\n", "GET / HTTP/1.1\nhost: h\n\n", "GET /\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: h\r\n\r\n", " GET / HTTP/1.1\r\nhost: h\r\n\r\n",
            "G(T / HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\r\nhost: h\r\n\r\n",
            "GET http://h/ HTTP/1.1\r\nhost: h\r\n\r\n", "GET * HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /#a HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /é HTTP/1.1\r\nhost: h\r\n\r\n", "GET /?a=%4 HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /?a=%FF HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /?a=1&a=2 HTTP/1.1\r\nhost: h\r\n\r\n", "GET / HTTP/1.1\r\nhost : h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\r\nnone\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\n: v\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\rx\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\u{0}\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 00\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nauthorization: a\r\nAuthorization: a\r\n\r\n",
        ])
    func bad(text: String) { #expect(status(text) == 400) }

    @Test("another version is refused, and so are too many fields")
    func others() {
        for version in ["HTTP/2", "HTTP/0.9", "HTTP/1.10", "http/1.1", "RTSP/1.0"] {
            #expect(status("GET / \(version)\r\nhost: h\r\n\r\n") == 505, "\(version)")
        }
        let many = String(repeating: "x: y\r\n", count: 64)
        #expect(status("GET / HTTP/1.1\r\nhost: h\r\n" + many + "\r\n") == 431)
        #expect(status("GET / HTTP/1.1\r\nhost: h\r\n" + many.dropFirst(5) + "\r\n") == nil)
    }

    @Test("each head that is cut off, or has one byte changed, is read or refused")
    func mutations() {
        let bytes = Array("GET /a?b=%20 HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n".utf8)
        for end in bytes.indices {
            #expect(throws: LoopbackRequest.Rejection.self) { try LoopbackRequest(parsing: Array(bytes[..<end])) }
        }
        for place in bytes.indices {
            for byte in [0, 9, 10, 13, 32, 58, 63, 127, 128, 255] as [UInt8] {
                var changed = bytes
                changed[place] = byte
                _ = try? LoopbackRequest(parsing: changed)
            }
        }
    }

    @Test("a secret has 43 characters, is another each time, and matches itself alone")
    func secret() {
        let secret = EndpointSecret()
        #expect(secret.text.utf8.count == 43 && secret.text != EndpointSecret().text)
        #expect(secret.matches(secret.text))
        for other in [nil, "", String(secret.text.dropLast()), secret.text + "A", EndpointSecret().text] {
            #expect(!secret.matches(other))
        }
    }
}

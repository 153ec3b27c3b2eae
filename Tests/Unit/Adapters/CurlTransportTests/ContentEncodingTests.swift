import CurlTransport
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing

/// A cache in front of a provider may send an encoding that was not requested.
struct ContentEncodingTests {
    private static let document = #"{"access_token":"decoded"}"#

    private func transport(
        _ encoding: String, _ body: [UInt8], limit: Int = 10_000
    ) throws -> (
        CurlTransport, LoopbackServer
    ) {
        let server = try LoopbackServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body)
            }
        }
        return (CurlTransport(.init(bodyLimit: limit)), server)
    }

    @Test(
        "a reply in any encoding of libcurl is decoded, for GET and POST, and none is requested",
        arguments: [
            ("gzip", "H4sIAAAAAAACA6tWSkxOTi0uji/Jz07NU7JSSklNzk9JTVGqBQCQpFhkGgAAAA=="),
            ("x-gzip", "H4sIAAAAAAACA6tWSkxOTi0uji/Jz07NU7JSSklNzk9JTVGqBQCQpFhkGgAAAA=="),
            ("deflate", "eJyrVkpMTk4tLo4vyc9OzVOyUkpJTc5PSU1RqgUAgcQJdQ=="),
            ("deflate", "q1ZKTE5OLS6OL8nPTs1TslJKSU3OT0lNUaoFAA=="),
            ("br", "kAEQeyJhY2Nlc3NfdG9rZW4iOiJkZWNvZGVkIn0D"),
            ("zstd", "KLUv/QBo0QAAeyJhY2Nlc3NfdG9rZW4iOiJkZWNvZGVkIn0="),
            ("identity", "eyJhY2Nlc3NfdG9rZW4iOiJkZWNvZGVkIn0="),
        ])
    func decoded(encoding: String, base64: String) async throws {
        let body = Array(try #require(Data(base64Encoded: base64)))
        let (transport, server) = try transport(encoding, body)
        for method in [HTTPRequest.Method.get, .post] {
            let reply = try await transport.send(makeRequest(method, server.url))
            #expect(reply.body == WipedBytes(Self.document.utf8))
        }
        #expect(server.requests.allSatisfy { $0.values("accept-encoding").isEmpty })
    }

    @Test("the limit counts decoded bytes: 191 bytes that decode to 20 MB are refused")
    func bomb() async throws {
        let bomb = try #require(
            Data(
                base64Encoded:
                    "H4sIAAAAAAACA5Pv5mAAASbmt7f1hRgZRdgfbGU580O4R6mA5yiPa1jKY4ZzCb0TU/IUdjSsWznpooyDQdMRnd3p"
                    + "E8r26f/9lP3e/P3W60cVBJ+9P+4qtOjcw83Z704zAo2bUHixdOZ51YXC8W2LDUH80stRWydMY3rvmZ0gA+JXro7b"
                    + "Pi+Ow+b55qZCIN/hWW7cdo2VTL+W/wjSrJwFFGmorzD59jz3x+3txfFzCw3vb/NnYAAAiCvq1K0AAAA="))
        let (transport, server) = try transport("gzip, gzip, gzip", Array(bomb), limit: 1024 * 1024)
        try await expectFailure(.bodyTooLarge, transport, makeRequest(.post, server.url))
    }

    @Test(
        "a body that cannot be decoded is reported as malformed",
        arguments: [("gzip", "not gzip"), ("compress", "LZW"), ("br", "\u{7F}\u{7F}\u{7F}"), ("aws-chunked", "x")])
    func undecodable(encoding: String, body: String) async throws {
        let (transport, server) = try transport(encoding, Array(body.utf8))
        let text = try await expectFailure(.malformed, transport, makeRequest(.post, server.url))
        #expect(text.contains("cannot be decoded"))
    }

    @Test("a body that ends early is refused")
    func truncated() async throws {
        let whole = try #require(
            Data(base64Encoded: "H4sIAAAAAAACA6tWSkxOTi0uji/Jz07NU7JSSklNzk9JTVGqBQCQpFhkGgAAAA=="))
        let (transport, server) = try transport("gzip", Array(whole.prefix(30)))
        let body = try? await transport.send(makeRequest(.post, server.url)).body
        #expect(body != WipedBytes(Self.document.utf8))
    }
}

import CurlTransport
import OAuth
import SecretMemory
import Testing

/// T5: a redirect is a reply like any other.
struct RedirectTests {
    @Test(
        "a redirect is returned, and nothing is sent to its target",
        arguments: ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"],
        [HTTPRequest.Method.get, .post]
    )
    func redirect(status: String, method: HTTPRequest.Method) async throws {
        let target = try LoopbackServer { $0.serve() }
        let server = try LoopbackServer { $0.serve(status, headers: ["Location: \(target.url)/token"], "moved") }
        let transport = CurlTransport(.init())
        let response = try await transport.send(makeRequest(method, server.url + "/token"))
        #expect("\(response.status)" == status.prefix(3))
        #expect(response.header("location") == target.url + "/token")
        #expect(response.body == WipedBytes("moved".utf8))
        #expect(server.requests.count == 1)
        #expect(target.connectionCount == 0)
    }

    @Test("a redirect to the same server is not followed either")
    func sameServer() async throws {
        let server = try LoopbackServer { $0.serve("307 Temporary Redirect", headers: ["Location: /elsewhere"]) }
        #expect(try await CurlTransport(.init()).send(makeRequest(.post, server.url + "/token")).status == 307)
        #expect(server.requests.map(\.line) == ["POST /token HTTP/1.1"])
    }
}

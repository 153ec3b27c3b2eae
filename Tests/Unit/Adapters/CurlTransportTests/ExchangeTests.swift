import CurlTransport
import Dispatch
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing

/// Requests and replies over a real connection.
struct ExchangeTests {
    let transport = CurlTransport(.init(userAgent: "authagent-test/1"))

    @Test("a GET arrives with its path, query and headers; status, headers and body come back")
    func get() async throws {
        let server = try LoopbackServer {
            $0.serve("404 Not Found", headers: ["X-Odd-Case:   two words", "Retry-After: 7"], "{}")
        }
        let response = try await transport.send(
            makeRequest(.get, server.url + "/a/b?c=%20d", headers: [("X-A", "b c")]))
        #expect(response.status == 404)
        #expect(response.header("x-oDD-case") == "two words")
        #expect(response.header("retry-after") == "7")
        #expect(response.body == WipedBytes("{}".utf8))
        let request = try #require(server.requests.first)
        #expect(request.line == "GET /a/b?c=%20d HTTP/1.1")
        #expect(request.values("Host") == ["127.0.0.1:\(server.port)"])
        #expect(request.values("X-A") == ["b c"])
        #expect(request.values("Authorization") == ["Bearer \(canary)"])
        #expect(request.values("User-Agent") == ["authagent-test/1"])
        #expect(request.values("Content-Type").isEmpty && request.body.isEmpty)
    }

    @Test("a POST's body arrives byte for byte, whatever its content, and at once")
    func post() async throws {
        let server = try LoopbackServer { $0.serve() }
        // Larger than the sizes at which libcurl would wait for "100 Continue".
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        for body in [[0, 10, 13, 0, 255], bytes] {
            var request = try makeRequest(.post, server.url + "/token")
            request.body = SecretBytes(body)
            #expect(try await transport.send(request).status == 200)
            let received = try #require(server.requests.last)
            #expect(received.line == "POST /token HTTP/1.1")
            #expect(received.body == body)
            #expect(received.values("Content-Length") == ["\(body.count)"])
            #expect(received.values("Content-Type") == ["application/x-www-form-urlencoded"])
            #expect(received.values("Expect").isEmpty)
        }
    }

    @Test("a POST without a body has Content-Length 0; so has one with an empty body")
    func emptyPost() async throws {
        let server = try LoopbackServer { $0.serve() }
        for body in [nil, SecretBytes("")] {
            var request = try makeRequest(.post, server.url)
            request.body = body
            #expect(try await transport.send(request).status == 200)
            #expect(server.requests.last?.values("Content-Length") == ["0"])
        }
    }

    @Test("a DELETE is sent as one, and the caller's content type replaces the default")
    func delete() async throws {
        let server = try LoopbackServer { $0.serve("204 No Content") }
        #expect(try await transport.send(makeRequest(.delete, server.url + "/client/1")).status == 204)
        #expect(server.requests.last?.line == "DELETE /client/1 HTTP/1.1")
        let json = try makeRequest(.post, server.url, headers: [("content-type", "application/json")])
        _ = try await transport.send(json)
        #expect(server.requests.last?.values("Content-Type") == ["application/json"])
    }

    @Test("requests one after the other share a connection")
    func reuse() async throws {
        let server = try LoopbackServer { $0.serve() }
        for method in [HTTPRequest.Method.get, .post, .post, .get] {
            _ = try await transport.send(makeRequest(method, server.url))
        }
        #expect(server.requests.map(\.connection) == [0, 0, 0, 0])
        #expect(server.connectionCount == 1)
    }

    @Test("many requests run at once, and each gets its own reply")
    func concurrent() async throws {
        let count = 100
        let all = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { connection in
            guard let request = connection.request() else { return }
            _ = all.wait(timeout: .now() + 30)
            connection.reply("200 OK", request.line)
        }
        try await withThrowingTaskGroup(of: (Int, HTTPResponse).self) { group in
            for number in 0..<count {
                let request = try makeRequest(.get, server.url + "/\(number)")
                group.addTask { (number, try await transport.send(request)) }
            }
            // Reply only once all requests have arrived.
            await eventually { server.requests.count == count }
            for _ in 0..<count { all.signal() }
            for try await (number, response) in group {
                #expect(response.body == WipedBytes("GET /\(number) HTTP/1.1".utf8))
            }
        }
        #expect(Set(server.requests.map(\.line)).count == count)
    }

    @Test("chunks become one body, and the head of an interim response is ignored")
    func chunked() async throws {
        let server = try LoopbackServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n")
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                connection.send("4\r\ndefg\r\n0\r\n\r\n")
            }
        }
        let response = try await transport.send(makeRequest(.get, server.url))
        #expect(response.body == WipedBytes("abcdefg".utf8))
        #expect(response.header("X-Early") == nil)
    }

    @Test("a released transport closes its connections")
    func end() async throws {
        let server = try LoopbackServer { $0.serve() }
        do {
            let transport = CurlTransport(.init())
            _ = try await transport.send(makeRequest(.get, server.url))
            #expect(server.openCount == 1)
        }
        await eventually { server.openCount == 0 }
    }
}

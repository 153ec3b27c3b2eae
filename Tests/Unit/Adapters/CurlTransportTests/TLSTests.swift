import CurlTransport
import OAuth
import SecretMemory
import TestSupport
import Testing

/// T1: a server without a valid certificate for the host receives nothing of the request.
struct TLSTests {
    let authority: ThrowAwayCA

    init() async throws { authority = try await ThrowAwayCA() }

    private func transport(caFile: String? = nil) -> CurlTransport {
        // None of the tester's proxies.
        CurlTransport(.init(noProxy: "*", caFile: caFile ?? authority.file))
    }

    private func expectRefused(
        _ server: TLSServer, _ transport: CurlTransport, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let request = try makeRequest(.post, server.url + "/token", timeLimit: .seconds(20))
        let text = try await expectFailure(.tls, transport, request, sourceLocation: sourceLocation)
        // The server has read to the end of the connection.
        await eventually(sourceLocation: sourceLocation) { server.hasEndedConnection }
        #expect(!server.received.contains(canary) && !server.received.contains("POST"), sourceLocation: sourceLocation)
        #expect(text.contains("127.0.0.1:\(server.port)"), sourceLocation: sourceLocation)
        return text
    }

    @Test("a certificate of the trusted CA is accepted, and the request arrives inside TLS")
    func trusted() async throws {
        let server = try await TLSServer(authority.certificate())
        let transport = transport()
        let request = try makeRequest(.post, server.url + "/token")
        async let response = transport.send(request)
        await eventually { server.received.contains("refresh_token=\(canary)") }
        #expect(server.received.contains("POST /token HTTP/1.1"))
        server.reply("{}")
        #expect(try await response.body == WipedBytes("{}".utf8))
    }

    @Test("a CA that is not trusted is refused before anything is sent")
    func unknownAuthority() async throws {
        let server = try await TLSServer(authority.certificate())
        let other = try await ThrowAwayCA()
        #expect(try await expectRefused(server, transport(caFile: other.file)).contains("issuer certificate"))
    }

    @Test("a temporary CA is not among the system's")
    func systemAuthorities() async throws {
        let server = try await TLSServer(authority.certificate())
        _ = try await expectRefused(server, CurlTransport(.init(noProxy: "*")))
    }

    @Test("a certificate for another host is refused before anything is sent")
    func otherHost() async throws {
        let server = try await TLSServer(authority.certificate(for: "DNS:other.example"))
        #expect(try await expectRefused(server, transport()).contains("subject name"))
    }

    @Test("text of a certificate is shown without control characters")
    func hostileSubject() async throws {
        let server = try await TLSServer(authority.certificate(for: nil, subject: "\u{1B}[2Jevil\r\nline"))
        #expect(try await expectRefused(server, transport()).contains("evil line"))
    }

    @Test("an expired certificate is refused before anything is sent")
    func expired() async throws {
        let server = try await TLSServer(authority.certificate(isExpired: true))
        let text = try await expectRefused(server, transport())
        #expect(text.contains("expired"))
        // The local clock may be wrong instead, as on a machine that boots in 1970.
        #expect(text.contains(#/; this machine's clock says \d{4}-\d\d-\d\d \d\d:\d\d UTC$/#), "\(text)")
    }

    @Test("a self-signed certificate is refused before anything is sent")
    func selfSigned() async throws {
        let server = try await TLSServer(authority.selfSigned())
        #expect(try await expectRefused(server, transport()).contains("self-signed certificate"))
    }

    @Test("with a missing CA file, every server is refused")
    func missingFile() async throws {
        let server = try LoopbackServer { $0.drain() }
        let transport = transport(caFile: authority.files.path + "/none.pem")
        try await expectFailure(.tls, transport, makeRequest(.post, "https://127.0.0.1:\(server.port)"))
    }

    @Test("a server without TLS receives a handshake only")
    func plainServer() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.drain()
        }
        try await expectFailure(.tls, transport(), makeRequest(.post, "https://127.0.0.1:\(server.port)/token"))
        await eventually { server.openCount == 0 }
        #expect(server.received.starts(with: [0x16, 3, 1]))
        #expect(server.received.firstRange(of: canary.utf8) == nil)
    }

    @Test(
        "an interrupted handshake is a network failure, not a certificate error",
        arguments: [true, false])
    func brokenHandshake(isReset: Bool) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.read()
            if isReset { connection.reset() }
        }
        try await expectFailure(
            .unreachable, transport(), makeRequest(.post, "https://127.0.0.1:\(server.port)")
        )
    }

    @Test("a handshake that stalls costs the connect timeout")
    func stalledHandshake() async throws {
        let server = try LoopbackServer { $0.drain() }
        let transport = CurlTransport(
            .init(noProxy: "*", caFile: authority.file, connectTimeout: .milliseconds(200))
        )
        try await expectFailure(.timedOut, transport, makeRequest(.post, "https://127.0.0.1:\(server.port)"))
    }
}

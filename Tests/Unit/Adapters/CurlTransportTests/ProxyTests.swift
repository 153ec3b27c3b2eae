import CurlTransport
import OAuth
import TestSupport
import Testing

/// A proxy carries https, which it cannot read, and never http, which it could.
struct ProxyTests {
    @Test("https asks the proxy for a tunnel, and tells it nothing else; its refusal is no certificate problem")
    func tunnel() async throws {
        let proxy = try LoopbackServer { $0.serve("502 Bad Gateway", "no \u{1B}[2J way") }
        let target = try LoopbackServer { $0.drain() }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: ""))
        try await expectFailure(
            .unreachable, transport, makeRequest(.post, "https://127.0.0.1:\(target.port)/token?code=\(canary)")
        )
        #expect(proxy.requests.map(\.line) == ["CONNECT 127.0.0.1:\(target.port) HTTP/1.1"])
        #expect(proxy.received.firstRange(of: canary.utf8) == nil)
        #expect(target.connectionCount == 0)
    }

    @Test("a proxy that is not there, or refuses, is named with its setting and without its password, not the provider")
    func dead() async throws {
        let port = try LoopbackServer().port
        let refusing = try LoopbackServer { $0.serve("407 Proxy Authentication Required") }
        let request = try makeRequest(.post, "https://provider.example/token")
        for (proxy, shown) in [
            ("http://user:pa%2Fss@127.0.0.1:\(port)/", "http://127.0.0.1:\(port)"),
            ("127.0.0.1:\(port)", "127.0.0.1:\(port)"),
            ("socks5h://127.0.0.1:\(port)", "socks5h://127.0.0.1:\(port)"),
            ("http://u:p@127.0.0.1:\(refusing.port)", "http://127.0.0.1:\(refusing.port)"),
        ] {
            let text = try await expectFailure(.unreachable, CurlTransport(.init(proxy: proxy, noProxy: "")), request)
            #expect(text.contains("the proxy \(shown) (network.proxy)"), "\(text)")
            #expect(!text.contains("connect to provider.example"), "\(text)")
            #expect(!text.contains("pa%2F") && !text.contains("u:p"), "\(text)")
        }
        let unnamed = CurlTransport(.init(proxy: "http://proxy.invalid:3128", noProxy: ""))
        let unknown = try await expectFailure(.nameNotFound, unnamed, request)
        #expect(unknown.contains("http://proxy.invalid:3128 (network.proxy)"), "\(unknown)")
        // Where the provider is what cannot be reached, the proxy is not blamed.
        let direct = CurlTransport(.init(proxy: "http://127.0.0.1:\(port)", noProxy: "127.0.0.1"))
        let other = try LoopbackServer().port
        let text = try await expectFailure(.unreachable, direct, makeRequest(.post, "https://127.0.0.1:\(other)/"))
        #expect(text.contains("127.0.0.1:\(other)") && !text.contains("proxy"), "\(text)")
    }

    @Test("through a tunnel the certificate is the target's, and so is the reply")
    func wholeTunnel() async throws {
        let authority = try await ThrowAwayCA()
        let server = try await TLSServer(authority.certificate())
        let port = server.port
        let proxy = try LoopbackServer { connection in
            guard connection.request() != nil, let target = LoopbackConnection.open(port: port) else { return }
            connection.send("HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            connection.relay(to: target)
        }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: "", caFile: authority.file))
        let request = try makeRequest(.post, server.url)
        async let response = transport.send(request)
        await eventually { server.received.contains(canary) }
        server.reply("{}")
        #expect(try await response.status == 200)
        #expect(try await response.header("X-Proxy") == nil)
        #expect(proxy.received.firstRange(of: canary.utf8) == nil)
    }

    @Test("a host that needs no proxy is asked directly")
    func noProxy() async throws {
        let authority = try await ThrowAwayCA()
        let server = try await TLSServer(authority.certificate())
        let proxy = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: "127.0.0.1", caFile: authority.file))
        let request = try makeRequest(.post, server.url)
        async let response = transport.send(request)
        await eventually { server.received.contains(canary) }
        server.reply("{}")
        #expect(try await response.status == 200)
        #expect(proxy.connectionCount == 0)
    }

    @Test("http never passes a proxy, whatever is set", arguments: ["", "other.example", nil])
    func plain(noProxy: String?) async throws {
        let server = try LoopbackServer { $0.serve() }
        let proxy = try LoopbackServer { $0.serve("502 Bad Gateway") }
        let transport = CurlTransport(.init(proxy: proxy.url, noProxy: noProxy))
        #expect(try await transport.send(makeRequest(.post, server.url)).status == 200)
        #expect(proxy.connectionCount == 0)
        #expect(server.requests.count == 1)
    }

    @Test("a proxy that is away is unreachable; one whose name is unknown is told apart")
    func noSuchProxy() async throws {
        let port = try LoopbackServer().port
        let failures = [
            ("http://127.0.0.1:\(port)", FailureKind.unreachable), ("http://proxy.invalid:3128", .nameNotFound),
        ]
        for (proxy, failure) in failures {
            let transport = CurlTransport(.init(proxy: proxy, noProxy: ""))
            try await expectFailure(failure, transport, makeRequest(.post, "https://issuer.invalid/token"))
        }
    }

    @Test("a proxy's password is in no error")
    func password() async throws {
        let proxy = try LoopbackServer { $0.serve("407 Proxy Authentication Required") }
        let transport = CurlTransport(.init(proxy: "http://user:\(canary)@127.0.0.1:\(proxy.port)", noProxy: ""))
        try await expectFailure(.unreachable, transport, makeRequest(.post, "https://issuer.invalid/token"))
        #expect(proxy.requests.first?.values("Proxy-Authorization").count == 1)
    }
}

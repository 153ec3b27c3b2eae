import CurlTransport
import Dispatch
import OAuth
import SecretMemory
import TestSupport
import Testing

/// The buffers of an idle connection contain parts of earlier messages.
@Suite struct ForgottenConnectionTests {
    @Test("idle connections can be closed; the next request opens a new one")
    func idle() async throws {
        let server = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init())
        for _ in 0..<2 { _ = try await transport.send(makeRequest(.get, server.url)) }
        #expect(server.connectionCount == 1)
        transport.closeConnections()
        await eventually("the connection is kept") { server.openCount == 0 }
        #expect(try await transport.send(makeRequest(.get, server.url)).status == 200)
        #expect(server.connectionCount == 2)
    }

    @Test("a running request gets its reply, and its connection is closed afterwards")
    func underWay() async throws {
        let goesOn = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { connection in
            guard connection.request() != nil else { return }
            goesOn.wait()
            connection.reply()
            while connection.request() != nil { connection.reply() }
        }
        let transport = CurlTransport(.init())
        let request = try makeRequest(.post, server.url)
        async let response = transport.send(request)
        await eventually("the request does not come") { server.requests.count == 1 }
        transport.closeConnections()
        goesOn.signal()
        #expect(try await response.status == 200)
        await eventually("the connection is kept") { server.openCount == 0 }
    }

    @Test("a request that was cancelled before its start is not sent")
    func cancelled() async throws {
        let server = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init())
        let request = try makeRequest(.get, server.url)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(TransportFailure) { return try await transport.send(request).status } catch { return 0 }
        }
        #expect(await task.value == 0)
        #expect(server.requests.isEmpty)
    }
}

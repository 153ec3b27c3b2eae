import CurlTransport
import Dispatch
import OAuth
import TestSupport
import Testing

/// Cancelled requests.
struct CancellationTests {
    @Test("a cancelled request ends at once and closes its connection; others continue")
    func cancel() async throws {
        let release = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { connection in
            guard let request = connection.request() else { return }
            guard request.line.contains("/patient") else { return connection.drain() }
            _ = release.wait(timeout: .now() + 30)
            connection.reply()
        }
        let transport = CurlTransport(.init())
        let patient = try makeRequest(.post, server.url + "/patient")
        let hasty = try makeRequest(.post, server.url + "/hasty")
        let other = Task { try await transport.send(patient) }
        let task = Task { try await expectFailure(.cancelled, transport, hasty) }
        await eventually { server.requests.count == 2 }
        task.cancel()
        // Without the cancellation this would take the 30 s of the total timeout.
        let start = ContinuousClock.now
        _ = try await task.value
        #expect(ContinuousClock.now - start < .seconds(10))
        await eventually { server.openCount == 1 }
        release.signal()
        #expect(try await other.value.status == 200)
    }

    @Test("a cancelled task sends nothing")
    func before() async throws {
        let server = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init())
        let request = try makeRequest(.post, server.url)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await expectFailure(.cancelled, transport, request)
        }
        try await task.value
        #expect(server.connectionCount == 0)
    }

    @Test("cancelling a finished request does not affect the next")
    func after() async throws {
        let server = try LoopbackServer { $0.serve() }
        let transport = CurlTransport(.init())
        let request = try makeRequest(.post, server.url)
        // Cancelled at any time between start and end: either outcome, and the transport keeps working.
        for _ in 0..<200 {
            let task = Task { try await transport.send(request) }
            if Bool.random() { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success(let response): #expect(response.status == 200)
            case .failure(let error): #expect(error as? TransportFailure == .cancelled)
            }
        }
        #expect(try await transport.send(request).status == 200)
    }

    @Test("a running request keeps its transport alive until its end")
    func keepsTransport() async throws {
        let release = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { connection in
            guard connection.request() != nil else { return }
            _ = release.wait(timeout: .now() + 30)
            connection.reply()
            connection.drain()
        }
        var transport: CurlTransport? = CurlTransport(.init())
        let request = try makeRequest(.post, server.url)
        let task = Task { [transport] in try await transport?.send(request).status }
        await eventually { server.requests.count == 1 }
        transport = nil
        release.signal()
        #expect(try await task.value == 200)
        await eventually { server.openCount == 0 }
    }
}

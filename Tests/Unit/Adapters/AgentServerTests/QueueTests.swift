import AgentServer
import AuthagentClient
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

struct QueueTests {
    @Test("hundreds of non-blocking clients can connect while the server is busy with one")
    func queue() async throws {
        let isBusy = DispatchSemaphore(value: 0)
        let arrived = Mutex(false)
        let access = Access(
            rules: CurrentRules(AccessRules(owner: getuid(), rules: [])),
            peer: { _ in
                arrived.withLock { $0 = true }
                isBusy.wait()
                isBusy.signal()
                return KnownCaller(Caller(pid: getpid(), user: getuid(), group: getgid()))
            }
        )
        try await ServerFixture.serving(access: access) { server in
            defer { isBusy.signal() }
            let first = try server.client()
            await eventually { arrived.withLock { $0 } }
            defer { first.close() }
            let path = try SocketPath(server.socket.text)
            var clients: [Int32] = []
            defer { for client in clients { close(client) } }
            for _ in 0..<400 {
                let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                try #require(client >= 0)
                clients.append(client)
                try #require(path.call(Foundation.connect, client) == 0, "\(clients.count): \(errno)")
            }
        }
    }
}

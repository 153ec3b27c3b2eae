internal import Glibc
internal import LoopbackHTTP
internal import Synchronization
internal import System

/// The ports of the agent's logins: whose each is, and the listeners of ended logins that stay open for a browser that was
/// sent to the last page, for some seconds at most.
final class ListenedPorts: Sendable {
    private struct State {
        var accounts: [UInt16: String] = [:]
        var ending: [UInt16: LoopbackServer] = [:]
    }

    private let state = Mutex(State())

    private static let longest: Duration = .seconds(3)

    func open(_ port: UInt16, for account: String) { state.withLock { $0.accounts[port] = account } }

    /// The account whose pending login has the port.
    func account(at port: UInt16) -> String? { state.withLock { $0.accounts[port] } }

    /// Stops the server of an ended login once its browsers have their last page.
    func close(_ server: LoopbackServer, after pages: LoginPages) {
        state.withLock { $0.accounts[server.port] = nil }
        guard pages.close() else { return server.stop() }
        state.withLock { $0.ending[server.port] = server }
        let isStarted = WorkerThread.start(named: "last-page") {
            let deadline = ContinuousClock.now + Self.longest
            while pages.owesPage, ContinuousClock.now < deadline { _ = poll(nil, 0, 20) }
            self.end(server)
        }
        if !isStarted { end(server) }
    }

    /// Stops the listener of an ended login at that port: a new login needs it.
    func stopEnding(at port: UInt16) { state.withLock { $0.ending.removeValue(forKey: port) }?.stop() }

    private func end(_ server: LoopbackServer) {
        state.withLock { state in
            if state.ending[server.port] === server { state.ending[server.port] = nil }
        }
        server.stop()
    }
}

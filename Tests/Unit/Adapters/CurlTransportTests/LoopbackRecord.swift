import Foundation
import Synchronization

/// The state shared by a server and its connections.
final class LoopbackRecord: Sendable {
    struct State {
        var isStopped = false
        var connectionCount = 0
        var open: Set<Int32> = []
        var requests: [LoopbackRequest] = []
        var received: [UInt8] = []
        var sentCount = 0
    }

    let state = Mutex(State())

    /// Registers a connection and returns its number, from 0 on; `nil` if the server has ended and the connection is
    /// closed.
    func open(_ descriptor: Int32) -> Int? {
        state.withLock { state in
            guard !state.isStopped else {
                Foundation.close(descriptor)
                return nil
            }
            state.open.insert(descriptor)
            defer { state.connectionCount += 1 }
            return state.connectionCount
        }
    }

    /// Under the lock, so that `stop` never shuts down a new connection with the same descriptor.
    func close(_ descriptor: Int32) {
        state.withLock { state in
            state.open.remove(descriptor)
            Foundation.close(descriptor)
        }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}

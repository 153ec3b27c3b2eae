import Foundation
import Synchronization

/// What a server and its connections share.
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

    /// The connection's number from 0 on; nil, and it is closed, once the server has ended.
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

    /// Under the lock, so that `stop` never shuts down another connection that got the same number.
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

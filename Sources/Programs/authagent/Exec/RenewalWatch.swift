internal import AuthagentClient
internal import Glibc
internal import Synchronization
internal import System

/// The tokens that follow the first, which a thread of its own waits for at the agent.
final class RenewalWatch: Sendable {
    enum Event: Sendable {
        case renewed(IssuedToken)
        /// The token has expired, or the agent serves none any more, as after a logout.
        case ended
        /// The agent gives no other token now. Reported once until the reason changes.
        case failing(Failure)
    }

    private let source: TokenSource
    private let events = Mutex<[Event]>([])
    private let readable: Descriptor
    private let writable: Descriptor

    /// Throws if no descriptors are left.
    init(_ source: TokenSource) throws(Failure) {
        guard let pipe = DescriptorPair.pipe() else {
            throw Failure("cannot create a pipe: \(String(cString: strerror(errno)))")
        }
        self.source = source
        readable = Descriptor(owning: pipe.first)
        writable = Descriptor(owning: pipe.second)
    }

    /// Becomes readable with each event.
    var descriptor: Int32 { readable.raw }

    /// Returns the events since the last call.
    func take() -> [Event] {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = read(readable.raw, &bytes, bytes.count)
        return events.withLock { events in
            defer { events = [] }
            return events
        }
    }

    /// Starts to watch; without an expiry, only whether the token is still served. Returns false if the system has no more
    /// threads.
    func start(after expiry: Int?) -> Bool {
        WorkerThread.start(named: "renewal") {
            if let expiry { self.run(after: expiry) } else { self.runLasting() }
        }
    }

    private func post(_ event: Event) {
        events.withLock { $0.append(event) }
        _ = SystemCall.uninterrupted { write(writable.raw, [1], 1) }
    }

    private func run(after first: Int) {
        var (expiry, isEnded) = (first, false)
        // Each is reported once until a token comes.
        var problems: Set<String> = []
        var pause = Self.shortestPause
        while true {
            do {
                // The token's end is an event too.
                if let token = try source.token(after: expiry, until: isEnded ? .max : expiry) {
                    (problems, pause, isEnded) = ([], Self.shortestPause, false)
                    post(.renewed(token))
                    guard let next = token.expiresAt else { return runLasting() }
                    expiry = next
                }
            } catch {
                let failure = Failure(any: error)
                if problems.insert(failure.problemCode).inserted { post(.failing(failure)) }
                if !isEnded, !source.isServed() {
                    isEnded = true
                    post(.ended)
                }
                // The agent answers at once while a login is required.
                sleep(isEnded ? pause : min(pause, UInt32(max(1, expiry - time(nil)))))
                pause = min(2 * pause, Self.longestPause)
            }
            if !isEnded, time(nil) >= expiry {
                isEnded = true
                post(.ended)
            }
        }
    }

    /// Watches a token that does not expire: a logout or a lock ends it all the same.
    private func runLasting() {
        var isEnded = false
        while true {
            sleep(Self.longestPause)
            let isServed = source.isServed()
            if isServed == isEnded {
                if isServed, let token = try? source.token() { post(.renewed(token)) } else { post(.ended) }
                isEnded = !isServed
            }
        }
    }

    /// In seconds.
    private static let shortestPause: UInt32 = 2
    private static let longestPause: UInt32 = 30
}

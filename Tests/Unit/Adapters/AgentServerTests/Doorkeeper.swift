import AgentServer
import Dispatch
import Foundation
import Policy
import Synchronization
import TestSupport
import Testing

/// Holds the server's lane at connections that it accepts, so that a test decides what has happened before it goes on.
final class Doorkeeper: Sendable {
    private let doors: [Int: DispatchSemaphore]
    private let count = Mutex(0)

    /// `blocking`: the connections, counted from 1, at which the lane waits for `open`.
    init(blocking: [Int]) {
        doors = Dictionary(uniqueKeysWithValues: blocking.map { ($0, DispatchSemaphore(value: 0)) })
    }

    var access: Access {
        Access(
            rules: CurrentRules(AccessRules(owner: getuid(), rules: [])),
            peer: { [self] _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                // Opened once, it stays open.
                if let door = doors[number] {
                    door.wait()
                    door.signal()
                }
                return KnownCaller(Caller(pid: getpid(), user: getuid(), group: getgid()))
            })
    }

    /// Waits until the lane has accepted the connection with this number.
    func arrived(_ number: Int) async { await eventually { self.count.withLock { $0 >= number } } }

    func open(_ number: Int) { doors[number]?.signal() }

    func openAll() { for door in doors.values { door.signal() } }
}

extension ServerFixture {
    /// Returns the gate that opens once the server stops taking listeners, just before it orders the lane to stop.
    func stopIsOrdered() -> Gate {
        let gate = Gate()
        replacements.onTermination = { _ in gate.open() }
        return gate
    }
}

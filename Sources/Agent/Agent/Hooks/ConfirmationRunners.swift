internal import Synchronization

/// The runners of `on_confirm`: one for each user whose requests wait, so that no user's program delays another's.
final class ConfirmationRunners: Sendable {
    private struct Running {
        let runner: any ProgramRunner
        var count: Int
    }

    private let make: @Sendable () -> any ProgramRunner
    private let running = Mutex<[UInt32?: Running]>([:])

    /// Users at the same time besides the owner, each with a thread and a program.
    static let mostUsers = 8

    init(_ make: @escaping @Sendable () -> any ProgramRunner) { self.make = make }

    /// Calls `body` with the user's runner; `nil` stands for the agent's user and root. Returns `nil` if programs run for
    /// too many users: then the question is left to the owner.
    func with<Value: Sendable>(
        _ user: UInt32?, _ body: (any ProgramRunner) async -> Value
    ) async -> Value? {
        let runner = running.withLock { running -> (any ProgramRunner)? in
            if let known = running[user] {
                running[user]?.count += 1
                return known.runner
            }
            guard user == nil || running.count(where: { $0.key != nil }) < Self.mostUsers else { return nil }
            let runner = make()
            running[user] = Running(runner: runner, count: 1)
            return runner
        }
        guard let runner else { return nil }
        let value = await body(runner)
        running.withLock { running in
            running[user]?.count -= 1
            if running[user]?.count == 0 { running[user] = nil }
        }
        return value
    }
}

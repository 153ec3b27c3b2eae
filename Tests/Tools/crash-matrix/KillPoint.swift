import ArgumentParser

/// A moment of a refresh at which to kill the agent.
enum KillPoint: Hashable, Sendable {
    /// The call of this number, over all threads.
    case number(Int)
    /// The call of this number among those of its name.
    case call(String, Int)

    /// No kill.
    static let never = KillPoint.number(0)
}

extension KillPoint: CustomStringConvertible, ExpressibleByArgument {
    /// The syntax of `kill-at-syscall`: `17` or `fsync:2`.
    var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .call(let name, let number): "\(name):\(number)"
        }
    }

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard let number = parts.last.flatMap({ Int($0) }), number > 0, parts.count < 3 else { return nil }
        self = parts.count == 2 ? .call(String(parts[0]), number) : .number(number)
    }
}

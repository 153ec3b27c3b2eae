import Foundation

/// An agent's system calls from the token request on, recorded by `kill-at-syscall`.
struct SystemCalls: Sendable {
    struct Call: Sendable {
        let thread: Int
        let name: String
    }

    let calls: [Call]
    /// Whether the agent was killed at the last one.
    let isKilled: Bool

    init(record path: String) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        isKilled = lines.contains("killed")
        calls = lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 2, let thread = Int(fields[0]) else { return nil }
            return Call(thread: thread, name: String(fields[1]))
        }
    }

    /// One line per call: its number, its thread and its name.
    var text: String {
        calls.enumerated().map { "\($0.offset + 1) \($0.element.thread) \($0.element.name)" }.joined(separator: "\n")
    }
}

import Foundation
import Synchronization
import TestSupport
import Testing

/// A real process in a sandbox, which does what an intruder would try (`Tests/Support/sandbox-actor`).
final class SandboxActor: Sendable {
    private let process: ChildProcess
    private let asked = Mutex(1)
    let files: TemporaryDirectory
    /// The directory in which it may write.
    let own: String
    /// A directory in which it may not.
    let other: String

    enum Kind: String { case agent, helper, nested, none }

    /// Starts it. `helper`: the one program that an agent may execute.
    init(_ kind: Kind, helper: String = "/usr/bin/true") async throws {
        files = try TemporaryDirectory()
        (own, other) = (files.path + "/places/own", files.path + "/other")
        for path in [own, other] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        process = try ChildProcess(
            try BuildProducts.path("sandbox-actor"), [kind.rawValue, own, helper],
            environment: ChildProcess.programEnvironment, input: nil)
        try #require(await process.line() == "ready", "\(process.errorsSoFar)")
    }

    var pid: Int32 { process.pid }

    /// Sends a command, and returns its line of output.
    func ask(_ command: String) async -> String {
        process.write(command + "\n")
        let index = asked.withLock { asked in
            defer { asked += 1 }
            return asked
        }
        await eventually("no answer to '\(command)': \(process.errorsSoFar)") { self.lines.count > index }
        return lines.count > index ? lines[index] : ""
    }

    /// Tries every forbidden call; returns the results by name.
    func calls() async -> [String: String] {
        let first = asked.withLock { $0 }
        process.write("calls\n")
        await eventually("it does not try all calls: \(process.errorsSoFar)") { self.lines.last == "end" }
        asked.withLock { $0 = lines.count }
        let results = lines[first...].dropLast().map { $0.split(separator: " ").map(String.init) }
        return Dictionary(results.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { $1 }
    }

    /// The line of /proc/PID/status with this name.
    func status(_ name: String) throws -> String? {
        try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
            .first { $0.hasPrefix("\(name):") }?.split(separator: "\t").last.map(String.init)
    }

    /// Its lines, all of them complete.
    private var lines: [String] {
        process.outputSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}

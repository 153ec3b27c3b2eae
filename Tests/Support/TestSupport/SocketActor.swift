import Foundation
import Synchronization
import Testing

/// A real process that connects to a socket, and can pass the connection to a child or execute another program
/// (`Tests/Support/socket-actor`).
public final class SocketActor: Sendable {
    private let process: ChildProcess
    private let asked = Mutex(0)

    /// Starts it and waits until it is connected; as another user if `user` is given, which needs root.
    /// `isLeftUnreaped`: its parent does not reap it. `through`: a wrapper command that executes it.
    public init(
        _ socket: String, user: UInt32? = nil, group: UInt32? = nil, groups: [UInt32] = [], program: String? = nil,
        isLeftUnreaped: Bool = false, through: [String] = []
    ) async throws {
        var command = through + [try program ?? BuildProducts.path("socket-actor"), socket]
        if let user {
            let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
            let rest = groups.isEmpty ? "--clear-groups" : "--groups=" + groups.map { "\($0)" }.joined(separator: ",")
            command = [setpriv, "--reuid=\(user)", "--regid=\(group ?? user)", rest] + command
        }
        // A shell gives a background process /dev/null as input unless it is redirected.
        if isLeftUnreaped { command = ["/bin/sh", "-c", #"exec 3<&0; "$@" <&3 & exec sleep 600"#, "sh"] + command }
        process = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: ChildProcess.programEnvironment, input: nil)
        let line = await process.line(beginning: "connected")
        try #require(line == "connected", "\(process.errorsSoFar)")
    }

    /// The ID of the process that connected.
    public var pid: Int32 { process.pid }

    /// Ends and reaps the process that connected; its child keeps the connection.
    public func leave() async {
        process.write("leave\n")
        await eventually { !self.process.isRunning }
    }

    /// Makes the process that connected execute another program; its child keeps the connection.
    public func become(_ program: String) async {
        process.write("become \(program)\n")
        await eventually("it does not become \(program)") { Self.isSameFile("/proc/\(self.pid)/exe", program) }
    }

    /// Makes the process that connected execute this program, its own file, again.
    public func executeAgain(_ program: String) async {
        process.write("become \(program)\n")
        await eventually("it does not execute \(program) again") {
            (try? String(contentsOfFile: "/proc/\(self.pid)/cmdline", encoding: .utf8))?.hasSuffix("\u{0}600\u{0}")
                == true
        }
    }

    /// Closes the connection and opens a new one.
    public func renew() async { #expect(await command("renew") == "connected") }

    /// Requests a stream, which the process or its child prints; `streamed` has the output.
    public func watch(_ target: String) { process.write("stream \(target)\n") }
    public var streamed: String { process.outputSoFar }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_ino == other.st_ino
            && one.st_dev == other.st_dev
    }

    /// Sends a request on the connection; returns status and body.
    public func ask(_ target: String) async -> String { await command("ask \(target)") }

    /// Sends a command; returns the line printed in reply.
    private func command(_ line: String) async -> String {
        process.write(line + "\n")
        let number = asked.withLock { asked in
            asked += 1
            return asked
        }
        @Sendable func lines() -> [Substring] { process.outputSoFar.split(separator: "\n").dropFirst() + [] }
        await eventually("no answer: \(process.errorsSoFar)") { lines().count >= number }
        return lines().count >= number ? String(lines()[number - 1]) : ""
    }

    /// Ends the process that has the connection.
    public func end() { process.closeInput() }
}

import Foundation
import Synchronization
import Testing

/// A real process that connects to a socket, and may then leave the connection to a child or become another program
/// (`Tests/Support/socket-actor`).
public final class SocketActor: Sendable {
    private let process: ChildProcess
    private let asked = Mutex(0)

    /// Starts it, as another user if `user` is given, which only root can do, and waits until it is connected.
    /// `isLeftUnreaped`: its parent does not wait for its end. `through`: a command that becomes the one after it.
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
        // A shell gives /dev/null to what it starts in the background, unless it is told otherwise.
        if isLeftUnreaped { command = ["/bin/sh", "-c", #"exec 3<&0; "$@" <&3 & exec sleep 600"#, "sh"] + command }
        process = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: ChildProcess.programEnvironment, input: nil)
        let line = await process.line(beginning: "connected")
        try #require(line == "connected", "\(process.errorsSoFar)")
    }

    /// Of the process that connected.
    public var pid: Int32 { process.pid }

    /// Ends the process that connected, is reaped, and leaves the connection to its child.
    public func leave() async {
        process.write("leave\n")
        await eventually { !self.process.isRunning }
    }

    /// Has the process that connected become another program; its child keeps the connection.
    public func become(_ program: String) async {
        process.write("become \(program)\n")
        await eventually("it does not become \(program)") { Self.isSameFile("/proc/\(self.pid)/exe", program) }
    }

    /// Has the process that connected execute this program, which is its own file, again.
    public func executeAgain(_ program: String) async {
        process.write("become \(program)\n")
        await eventually("it does not execute \(program) again") {
            (try? String(contentsOfFile: "/proc/\(self.pid)/cmdline", encoding: .utf8))?.hasSuffix("\u{0}600\u{0}")
                == true
        }
    }

    /// Gives up the connection for a new one.
    public func renew() async { #expect(await command("renew") == "connected") }

    /// Asks for a stream, and has it printed by the process, or by its child; `streamed` is what has come.
    public func watch(_ target: String) { process.write("stream \(target)\n") }
    public var streamed: String { process.outputSoFar }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_ino == other.st_ino
            && one.st_dev == other.st_dev
    }

    /// Asks on the connection; the status and the body.
    public func ask(_ target: String) async -> String { await command("ask \(target)") }

    /// The line that it prints then.
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

    /// Ends whoever has the connection.
    public func end() { process.closeInput() }
}

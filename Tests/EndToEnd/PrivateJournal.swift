import Foundation
import TestSupport
import Testing

/// The real systemd-journald, without systemd, in a mount namespace, and a daemon whose standard error is its stream. Both
/// end with this object. Only root can have one.
final class PrivateJournal: Sendable {
    private let keeper: ChildProcess
    let home: AgentHome

    /// As systemd connects a service's standard error (systemd.exec(5), StandardError=journal).
    private static let connect = """
        import os, socket, sys
        stream = socket.socket(socket.AF_UNIX)
        stream.connect("/run/systemd/journal/stdout")
        stream.sendall(b"authagentd\\n\\n6\\n1\\n0\\n0\\n0\\n")
        state = os.fstat(stream.fileno())
        os.environ["JOURNAL_STREAM"] = "%d:%d" % (state.st_dev, state.st_ino)
        os.dup2(stream.fileno(), 2)
        os.execv(sys.argv[1], sys.argv[1:])
        """

    private static let script = """
        mount -t tmpfs -o mode=755 run /run && mkdir -p /run/systemd/journald.conf.d || exit
        printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' >/run/systemd/journald.conf.d/test.conf
        setpriv --pdeathsig KILL /lib/systemd/systemd-journald >/dev/null 2>&1 &
        journald=$!
        until [ -S /run/systemd/journal/stdout ]; do sleep 0.05; done
        setpriv --pdeathsig KILL python3 -c "$1" "$2" </dev/null >/dev/null &
        echo ready
        while read -r word rest; do
            case $word in
            journal) journalctl --no-pager -o json $rest ;;
            stop) kill -STOP $journald ;;
            go) kill -CONT $journald ;;
            remove) rm /run/systemd/journal/socket ;;
            esac
            echo "end"
        done
        """

    init() async throws {
        _ = try MissingProgram.require("journalctl", package: "systemd")
        _ = try MissingProgram.require("python3", package: "python3")
        home = try AgentHome()
        let namespaces = ["--pid", "--fork", "--kill-child", "--mount-proc"]
        let command =
            try await MountNamespace.command() + namespaces + [
                "/bin/sh", "-c", Self.script, "sh", Self.connect, try home.program("authagentd"),
            ]
        keeper = try ChildProcess(command[0], Array(command.dropFirst()), environment: home.environment, input: nil)
        let isReady = await keeper.line(beginning: "ready") == "ready"
        try #require(isReady, "\(keeper.errorsSoFar)")
        // Not by a command, which would start an agent of its own.
        let socket = home.socket
        await eventually("\(keeper.errorsSoFar)") { FileManager.default.fileExists(atPath: socket) }
    }

    private func tell(_ words: String) async -> [String] {
        let before = keeper.outputSoFar.utf8.count
        keeper.write(words + "\n")
        func answer() -> String { String(decoding: keeper.outputSoFar.utf8.dropFirst(before), as: UTF8.self) }
        await eventually { answer().hasSuffix("end\n") }
        return answer().split(separator: "\n").dropLast().map(String.init)
    }

    /// The entries that match, such as `AUTHAGENT_ACCOUNT=work`.
    func entries(_ matches: String...) async throws -> [[String: Any]] {
        try await tell("journal " + matches.joined(separator: " ")).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    /// Stops journald, as a journal that hangs.
    func stop() async { _ = await tell("stop") }

    func resume() async { _ = await tell("go") }

    func removeSocket() async { _ = await tell("remove") }
}

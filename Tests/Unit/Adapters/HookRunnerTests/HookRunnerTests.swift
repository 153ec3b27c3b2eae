import Agent
import Configuration
import Foundation
import HookRunner
import System
import TestSupport
import Testing

/// Real programs, run as hooks are.
struct HookRunnerTests {
    private let directory: TemporaryDirectory
    private let runner = SpawnedPrograms(
        environment: ["HOME": "/home/me", "PATH": "/elsewhere", "SECRET_TOKEN": "hidden", "LD_PRELOAD": "/tmp/x.so"])

    init() throws { directory = try TemporaryDirectory() }

    private func script(_ text: String) throws -> ConfiguredProgram {
        ConfiguredProgram(try directory.file("hook", "#!/bin/sh\n" + text + "\n", mode: 0o700))
    }

    private func run(
        _ text: String, input: String = "{}", within limit: Duration = .seconds(60)
    ) async throws -> ProgramResult {
        await runner.run(try script(text), input: Array(input.utf8), within: limit)
    }

    private func isRunning(_ file: String) throws -> Bool {
        let pid = try String(contentsOfFile: directory.path + "/" + file, encoding: .utf8)
        let number = try #require(Int32(pid.trimmingCharacters(in: .whitespacesAndNewlines)))
        // A zombie that init has not reaped yet has ended.
        let state = (try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)) ?? ""
        return !state.isEmpty && !state.contains(") Z")
    }

    @Test("a program gets the input, and its output comes back as lines")
    func inputAndOutput() async throws {
        let result = try await run("cat; echo; echo to errors >&2", input: #"{"event":"x"}"#)
        #expect(result == ProgramResult(.exited(0), output: [#"{"event":"x"}"#, "to errors"]))
    }

    @Test("a program may open /dev/stdin again, and cannot change its input")
    func standardInputAgain() async throws {
        let result = try await run("cat /dev/stdin; echo; (echo x >&0) 2>/dev/null || echo sealed", input: "facts")
        #expect(result.output == ["facts", "sealed"])
    }

    @Test("a program that does not read its input ends as others do")
    func unreadInput() async throws {
        let result = try await run("exec <&-; exit 3", input: String(repeating: "x", count: 1 << 20))
        #expect(result.end == .exited(3))
        #expect(result.problem == "it ended with exit code 3")
    }

    @Test("a program gets few variables of the environment, and a search path that is always the same")
    func environment() async throws {
        let result = try await run("env | grep -v '^\\(PWD\\|SHLVL\\|_\\)=' | sort")
        #expect(
            result.output == ["HOME=/home/me", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    }

    @Test("a program gets its arguments as they are, with no shell between")
    func arguments() async throws {
        let result = await runner.run(
            ConfiguredProgram("/usr/bin/printf", ["%s|", "$(id)", "a b", ";"]), input: [], within: .seconds(60))
        #expect(result.output == ["$(id)|a b|;|"])
    }

    @Test("a program has standard input, output and errors, and no other descriptor")
    func descriptors() async throws {
        let result = try await run("ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/cwd")
        // ls(1) itself opens the directory as 3.
        #expect(result.output == ["0 1 2 3 /"])
    }

    @Test("a program that hangs, ignores SIGTERM and has started others is killed with them at its deadline")
    func deadline() async throws {
        let files = directory.path
        let start = ContinuousClock.now
        let result = try await run(
            "trap '' TERM INT HUP; sleep 600 & echo $! > \(files)/child; echo $$ > \(files)/self; echo begun; wait",
            within: .seconds(2))
        #expect(result.end == .timedOut)
        #expect(result.output == ["begun"])
        #expect(ContinuousClock.now - start < .seconds(30))
        try await eventually { try !isRunning("child") && !isRunning("self") }
    }

    @Test("a killed program that cannot be reaped does not hold up the next one")
    func unkillable() async throws {
        // A process that is traced by a stopped tracer stays, as one does in an uninterruptible sleep.
        let strace = try MissingProgram.require("strace", package: "strace")
        let files = directory.path
        let start = ContinuousClock.now
        let result = try await run(
            """
            setsid \(strace) -qq -o /dev/null -p $$ & tracer=$!
            until grep -q "^TracerPid:.*[^0-9]$tracer$" /proc/$$/status; do sleep 0.05; done
            echo $$ > \(files)/self
            echo $tracer > \(files)/tracer
            kill -STOP $tracer
            sleep 600
            """, within: .seconds(3))
        let tracer = try #require(
            Int32(
                try String(contentsOfFile: files + "/tracer", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)))
        defer { kill(tracer, SIGKILL) }
        #expect(result.end == .timedOut)
        #expect(ContinuousClock.now - start > .seconds(7))
        let next = ConfiguredProgram(try directory.file("next", "#!/bin/sh\necho next\n", mode: 0o700))
        #expect(await runner.run(next, input: [], within: .seconds(60)).output == ["next"])
        kill(tracer, SIGKILL)
        try await eventually { try !isRunning("self") }
    }

    @Test("what a program leaves running in its process group ends with it, and does not delay the result")
    func leftovers() async throws {
        let result = try await run("sleep 600 & echo $! > \(directory.path)/child; echo done")
        #expect(result == ProgramResult(.exited(0), output: ["done"]))
        try await eventually { try !isRunning("child") }
    }

    @Test("a program that prints megabytes is not waited for, and a beginning of its output is kept")
    func muchOutput() async throws {
        let result = try await run("exec yes 'a line of output'")
        #expect(result.end == .signalled(13))
        #expect(result.output.count == 21)
        #expect(result.output.last == "…")
    }

    @Test("control sequences in a program's output are removed")
    func controlSequences() async throws {
        let result = try await run(#"printf '\033]0;title\007a\033[31mred\r\nb\001c\n'"#)
        #expect(result.output == ["ared", "bc"])
    }

    @Test("a cancelled run ends the program at once")
    func cancellation() async throws {
        let program = try script("echo $$ > \(directory.path)/self; sleep 600")
        let task = Task { await runner.run(program, input: [], within: .seconds(600)) }
        await eventually { FileManager.default.fileExists(atPath: directory.path + "/self") }
        task.cancel()
        #expect(await task.value.end == .cancelled)
    }

    @Test("programs run one after the other")
    func turns() async throws {
        let lock = directory.path + "/lock"
        let program = try script("mkdir \(lock) || exit 9; sleep 0.05; rmdir \(lock)")
        await withTaskGroup(of: ProgramResult.self) { group in
            for _ in 1...5 { group.addTask { await runner.run(program, input: [], within: .seconds(60)) } }
            for await result in group { #expect(result.isSuccess, "\(result)") }
        }
    }

    @Test("a program that cannot be run is named with the reason and a remedy")
    func cannotRun() async throws {
        func fault(_ path: String) async -> Fault? {
            let result = await runner.run(ConfiguredProgram(path), input: [], within: .seconds(60))
            if case .notStarted(let fault) = result.end { return fault }
            Issue.record("\(result)")
            return nil
        }
        let path = directory.path
        #expect(await fault(path + "/missing")?.problem == "there is no program \(path)/missing")
        #expect(
            await fault(try directory.file("open", "#!/bin/sh\n", mode: 0o777))
                == Fault("others may write to \(path)/open", hint: "run 'chmod go-w \(path)/open'"))
        #expect(
            await fault(try directory.file("text", "no interpreter\n", mode: 0o700))?.hint
                == "begin the script with '#!' and its interpreter")
        #expect(
            await fault(try directory.file("wrong", "#!/no/such/interpreter\n", mode: 0o700))?.problem
                == "cannot run \(path)/wrong: No such file or directory")
        #expect(await fault(path)?.problem == "\(path) is not a program")
        _ = try directory.directory("loose")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path + "/loose")
        let inside = try directory.file("loose/hook", "#!/bin/sh\n", mode: 0o700)
        #expect(await fault(inside)?.problem.contains("is writable by others") == true)
    }
}

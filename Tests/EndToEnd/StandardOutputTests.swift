import DemoIssuer
import TestSupport
import Testing

/// `token` when its output or errors cannot be written, on the fast path and on the ordinary one.
@Suite(.timeLimit(.minutes(5)))
struct StandardOutputTests {
    static let ways = [["work"], ["work", "--min-valid=60"]]

    /// Runs `authagent token` in a shell that redirects its descriptors.
    private func token(
        _ home: AgentHome, _ arguments: [String], _ redirection: String
    ) async throws -> ChildProcess.Result {
        try await ChildProcess(
            "/bin/sh", ["-c", "\"$@\" \(redirection)", "sh", home.program("authagent"), "token"] + arguments,
            environment: home.environment
        ).result()
    }

    /// Runs `authagent token` from a Python script that gets its command line.
    private func token(
        _ home: AgentHome, _ arguments: [String], python script: String
    ) async throws
        -> ChildProcess.Result
    {
        let python = try MissingProgram.require("python3", package: "python3")
        return try await ChildProcess(
            python, ["-c", script, home.program("authagent"), "token"] + arguments, environment: home.environment
        ).result()
    }

    private func withoutReader(_ stream: String) -> String {
        """
        import os, subprocess, sys
        reading, writing = os.pipe()
        os.close(reading)
        sys.exit(subprocess.run(sys.argv[1:], \(stream)=writing).returncode)
        """
    }

    @Test("a token that cannot be printed is an error with the reason; a closed pipe ends it silently")
    func noOutput() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let closed = "authagent: error: cannot write the result: Bad file descriptor\n"
        let full = "authagent: error: cannot write the result: No space left on device\n"
        let cases = [
            (">&-", closed), (">/dev/full", full), ("<&- >&-", closed), (">&- 2>&-", ""), ("<&- >&- 2>&-", ""),
            (">/dev/full 2>/dev/full", ""),
        ]
        for way in Self.ways {
            for (redirection, errors) in cases {
                let result = try await token(demo.home, way, redirection)
                #expect(result.status == 1, "\(way) \(redirection)")
                #expect(result.output == "", "\(way) \(redirection)")
                #expect(result.errors == errors, "\(way) \(redirection)")
            }
            let gone = try await token(demo.home, way, python: withoutReader("stdout"))
            #expect(gone.status == 0 && gone.errors == "", "\(gone.errors)")
            // A token needs neither standard input nor standard error.
            let printed = try await token(demo.home, way, "<&- 2>&-")
            #expect(printed.status == 0 && printed.lines.count == 1)
        }
    }

    @Test("if standard error cannot be written, the exit code of a failure is the same")
    func noErrors() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try await demo.home.authagent("logout", "work")
        for way in Self.ways {
            for redirection in ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"] {
                #expect(try await token(demo.home, way, redirection).status == 3, "\(way) \(redirection)")
            }
            #expect(try await token(demo.home, way, python: withoutReader("stderr")).status == 3, "\(way)")
        }
    }

    @Test("an agent started by a client with all descriptors closed logs only its own lines")
    func start() async throws {
        for way in Self.ways {
            let home = try AgentHome()
            #expect(try await token(home, way, "<&- >&- 2>&-").status == 1)
            #expect(home.daemonPID != nil)
            #expect(!home.log.isEmpty)
            #expect(!home.log.split(separator: "\n").contains("ready"), "\(home.log)")
        }
    }

    @Test("a full non-blocking pipe is waited for")
    func fullPipe() async throws {
        let demo = try await DemoLogin()
        let long = String(repeating: "abcdefgh", count: 2500)
        let body = #"{"access_token":"\#(long)","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}"#
        demo.issuer.enqueue(.token, .reply(status: 200, body: body))
        try await demo.logIn()
        // Nothing is read until the pipe is full.
        let script = """
            import array, fcntl, os, subprocess, sys, termios
            reading, writing = os.pipe()
            fcntl.fcntl(writing, 1031, 4096)
            os.set_blocking(writing, False)
            client = subprocess.Popen(sys.argv[1:], stdout=writing)
            os.close(writing)
            held = array.array("i", [0])
            while held[0] < 4096 and client.poll() is None:
                os.sched_yield()
                fcntl.ioctl(reading, termios.FIONREAD, held)
            sys.stdout.write(open(reading).read())
            sys.exit(client.wait())
            """
        for way in Self.ways {
            let result = try await token(demo.home, way, python: script)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output == long + "\n")
        }
    }
}

import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent exec`: what the command gets, and how it ends.
@Suite(.timeLimit(.minutes(5)))
struct ExecTests {
    private static func login() async throws -> DemoLogin {
        let demo = try await DemoLogin()
        try await demo.logIn()
        return demo
    }

    private func token(_ demo: DemoLogin) async throws -> String {
        try await demo.home.authagent("token", "work").output.filter { !$0.isNewline }
    }

    private func run(_ demo: DemoLogin, _ arguments: String...) async throws -> ChildProcess.Result {
        try await demo.home.authagent(["exec", "work"] + arguments)
    }

    @Test("the token is in the variable and the descriptor of a command that takes the place of exec")
    func replaced() async throws {
        let demo = try await Self.login()
        let token = try await token(demo)
        let script = "echo $$; echo \"$T\"; cat <&5; echo; cat /dev/fd/5; echo; ls /proc/self/fd | tr '\\n' ' '"
        let process = try demo.home.client(["exec", "work", "--env", "T", "--fd", "5", "--", "sh", "-c", script])
        let result = await process.result()
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        // Without a supervisor its number is that of exec. ls has a descriptor of the directory besides.
        #expect(result.lines == ["\(process.pid)", token, token, token, "0 1 2 3 5 "])
        let changed = try await run(demo, "--fd", "0", "--", "sh", "-c", "cat; printf x 2>&- >&0 && echo written")
        #expect(changed.output == token && changed.status != 0, "\(changed.output)")
    }

    @Test("arguments, environment and directory pass through byte for byte, and '--' is needed")
    func passedThrough() async throws {
        let demo = try await Self.login()
        let result = try await run(
            demo, "--env", "T", "--", "sh", "-c", "printf '%s|' \"$@\" \"$HOME\" \"$(pwd)\"", "x", "--fd", "", "--", "é"
        )
        #expect(result.output == "--fd||--|é|\(demo.home.files.path)|\(FileManager.default.currentDirectoryPath)|")
        // A name that is not UTF-8.
        let python = """
            import os, sys
            os.execve(sys.argv[1].encode(), [b"authagent", b"exec", b"work", b"--env", b"T", b"--", b"sh", b"-c",
                b'printf %s "$1$LATIN" | od -An -tx1', b"x", b"\\xe9"], {**os.environb, b"LATIN": b"\\xfc"})
            """
        let raw = try await ChildProcess.run(
            "/usr/bin/python3", ["-c", python, try demo.home.program("authagent")], environment: demo.home.environment)
        #expect(raw.output == " e9 fc\n", "\(raw.output)\(raw.errors)")
        for arguments in [
            ["--env", "T"], ["--env", "T", "true"], ["--", "true"], ["--env", "1T", "--", "true"],
            ["--env", "A=B", "--", "true"], ["--env", "T", "--env", "T", "--", "true"], ["--fd", "1", "--", "true"],
            ["--fd", "1024", "--", "true"], ["--aws", "--", "true"], ["--aws", "--azure", "--", "true"],
            ["--env", "T", "--role", "R", "--", "true"], ["--azure", "--restart", "--", "true"],
            ["--env", "T", "--restart", "--on-renew", "HUP", "--", "true"],
            ["--file", "T", "--on-renew", "KILL", "--", "true"], ["--file", "T", "--on-renew", "99", "--", "true"],
            ["--env", "T", "--on-renew", "HUP", "--", "true"], ["--fd", "3", "--on-renew", "HUP", "--", "true"],
            ["--azure", "--on-renew", "HUP", "--", "true"],
        ] {
            let result = try await demo.home.authagent(["exec", "work"] + arguments)
            #expect(result.status == 2 && result.output.isEmpty, "\(arguments) \(result.errors)")
        }
        let signal = try await demo.home.authagent("exec", "work", "--env", "T", "--on-renew", "HUP", "--", "true")
        #expect(signal.errors.contains("--on-renew needs --file") && signal.errors.contains("--restart serves --env"))
    }

    @Test(
        "exit code and signal are those of the command, with a supervisor and without one",
        arguments: [["--env", "T"], ["--file", "T"]])
    func endings(options: [String]) async throws {
        let demo = try await Self.login()
        for (script, status) in [
            ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", -15), ("kill -KILL $$", -9),
            ("kill -PIPE $$", -13), ("kill -INT $$", -2),
        ] as [(String, Int32)] {
            let result = try await demo.home.authagent(["exec", "work"] + options + ["--", "sh", "-c", script])
            #expect(result.status == status && result.errors.isEmpty, "\(script) \(result)")
        }
        for (command, status, word) in [
            ("/none/such", 127, "no such file"), ("none-such-command", 127, "no such file"),
            ("/etc/passwd", 126, "denied"),
            ("/", 126, "denied"),
        ] as [(String, Int32, String)] {
            let result = try await demo.home.authagent(["exec", "work"] + options + ["--", command])
            #expect(result.status == status, "\(command) \(result)")
            #expect(
                result.errors.contains("cannot run \(command): ") && result.errors.contains(word), "\(result.errors)")
            #expect(result.errors.contains("authagent: hint: "))
        }
        let script = try demo.home.files.file("script", "exit 5\n", mode: 0o700)
        // Without an interpreter line, as by a shell (execvp(3)).
        #expect(try await demo.home.authagent(["exec", "work"] + options + ["--", script]).status == 5)
    }

    @Test("without a token the command is not started, and the exit code says why")
    func refused() async throws {
        let demo = try await Self.login()
        let mark = demo.home.files.path + "/started"
        for (account, status) in [("none", 1), ("work", 3)] as [(String, Int32)] {
            if account == "work" { _ = try await demo.home.authagent("logout", "work") }
            for options in [["--env", "T"], ["--file", "T"], ["--fd", "3"], ["--azure"]] {
                let result = try await demo.home.authagent(["exec", account] + options + ["--", "touch", mark])
                #expect(result.status == status && result.errors.contains("authagent: hint: "), "\(options) \(result)")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test(
        "limits, ignored signals and closed descriptors of the caller reach the command",
        arguments: [["--env", "T"], ["--file", "T"]])
    func surroundings(options: [String]) async throws {
        let demo = try await Self.login()
        let python = """
            import os, resource, signal, sys
            resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192))
            for name in sys.argv[2].split(): signal.signal(getattr(signal, name), signal.SIG_IGN)
            os.execve(sys.argv[1], ["authagent", "exec", "work"] + sys.argv[3:], os.environ)
            """
        func result(ignoring signals: String, _ command: String...) async throws -> ChildProcess.Result {
            try await ChildProcess.run(
                "/usr/bin/python3",
                ["-c", python, try demo.home.program("authagent"), signals] + options + ["--"] + command,
                environment: demo.home.environment)
        }
        let show = ["sh", "-c", "ulimit -Sc; ulimit -Hc; grep -E '^Sig(Ign|Blk)' /proc/self/status"]
        let plain = try await result(ignoring: "", show[0], show[1], show[2])
        // In blocks of 512 bytes. Python ignores SIGPIPE (bit 12) and SIGXFSZ (bit 24).
        #expect(plain.lines.prefix(3) == ["8", "16", "SigBlk:\t0000000000000000"], "\(plain)")
        #expect(plain.lines.last.map(Self.ignored) == 0x100_1000, "\(plain)")
        let ignoring = try await result(ignoring: "SIGHUP SIGINT", show[0], show[1], show[2])
        #expect(ignoring.lines.last.map(Self.ignored) == 0x100_1003, "\(ignoring)")
    }

    /// Without 32 and 33, which are glibc's own.
    private static func ignored(_ line: String) -> UInt64? {
        line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }.map { $0 & ~0x1_8000_0000 }
    }

    @Test("the file holds the token, is private and in memory, and goes with the command, however it ends")
    func file() async throws {
        let demo = try await Self.login()
        let token = try await token(demo)
        let script = "stat -f -c %T \"$T\"; stat -c '%a %a' \"$T\" \"$(dirname \"$T\")\"; cat \"$T\"; echo; echo \"$T\""
        for ending in ["exit 0", "kill -KILL $$"] {
            let result = try await run(
                demo, "--file", "T", "--file", "U", "--", "sh", "-c", "\(script); [ $T = $U ]; \(ending)")
            let lines = result.lines
            #expect(
                lines.count == 5 && lines.first == "tmpfs"
                    && lines.dropFirst().prefix(3) == ["600 600", "700 700", token][...], "\(result)")
            let path = try #require(lines.last)
            #expect(!FileManager.default.fileExists(atPath: (path as NSString).deletingLastPathComponent))
        }
    }

    @Test("exec that is killed takes its command along, and the next one removes its file")
    func killed() async throws {
        let demo = try await Self.login()
        let process = try demo.home.client([
            "exec", "work", "--file", "T", "--", "sh", "-c", "echo $$ $T; exec sleep 300",
        ])
        let words = await process.line().split(separator: " ").map(String.init)
        let (pid, path) = (try #require(Int32(words[0])), words[1])
        process.signal(SIGKILL)
        #expect(await process.result().status == -9)
        await eventually("the command lives on") { kill(pid, 0) != 0 }
        // Other tests may have started one meanwhile.
        #expect(try await run(demo, "--file", "T", "--", "true").status == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("signals that are sent to exec reach the command once")
    func signals() async throws {
        let demo = try await Self.login()
        let script = """
            for s in HUP INT QUIT USR1 USR2 WINCH; do trap "echo $s" $s; done
            trap 'echo TERM; exit 9' TERM; echo ready; while :; do sleep 0.05; done
            """
        let process = try demo.home.client(["exec", "work", "--file", "T", "--", "sh", "-c", script])
        #expect(await process.line() == "ready")
        let all: [(Int32, String)] = [
            (SIGHUP, "HUP"), (SIGINT, "INT"), (SIGQUIT, "QUIT"), (SIGUSR1, "USR1"), (SIGUSR2, "USR2"),
            (SIGWINCH, "WINCH"),
        ]
        for (signal, name) in all {
            process.signal(signal)
            #expect(await process.line(beginning: name) == name)
        }
        process.signal(SIGTERM)
        let result = await process.result()
        #expect(result.status == 9)
        #expect(result.lines == ["ready"] + all.map(\.1) + ["TERM"], "\(result)")
    }

    @Test("Ctrl-C in a terminal reaches the command once, and Ctrl-Z stops both until they are continued")
    func terminal() async throws {
        let demo = try await Self.login()
        // Not a shell as the command: one that is stopped while it starts a program (vfork(2)) does not stop itself.
        let command = """
            import os, signal
            # Not print(): a signal during a print() makes the handler's one fail.
            signal.signal(signal.SIGINT, lambda *_: os.write(1, b"INT\\n"))
            os.write(1, f"child {os.getpid()} group {os.getpgrp()}\\n".encode())
            while True: signal.pause()
            """
        let python = """
            import os, pty, re, select, signal, sys, time
            shell, fd = pty.fork()
            if shell == 0:
                # A shell with one job in the foreground.
                signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                job = os.fork()
                if job == 0:
                    os.setpgid(0, 0)
                    os.tcsetpgrp(0, os.getpid())
                    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                    os.execv(sys.argv[1], ["authagent", "exec", "work", "--file", "T", "--", sys.executable, "-c", sys.argv[2]])
                while True:
                    status = os.waitpid(job, os.WUNTRACED | os.WCONTINUED)[1]
                    if os.WIFSTOPPED(status): print("stopped", flush=True)
                    elif os.WIFCONTINUED(status): print("continued", flush=True)
                    else: break
                print("ended by", os.WTERMSIG(status), flush=True)
                os._exit(0)
            seen = b""
            def until(pattern):
                global seen
                end = time.time() + 60
                while not (found := re.search(pattern, seen)):
                    assert time.time() < end, seen
                    if select.select([fd], [], [], 1)[0]: seen += os.read(fd, 4096)
                seen = seen[found.end():]
                return found
            found = until(rb"child (\\d+) group +(\\d+)\\r\\n")
            child, job = int(found.group(1)), int(found.group(2))
            def state(): return open(f"/proc/{child}/stat").read().split()[2]
            os.write(fd, b"\\x03")
            until(rb"INT\\r\\n")
            os.write(fd, b"\\x1a")
            until(rb"stopped\\r\\n")
            assert state() == "T"
            os.kill(-job, signal.SIGCONT)
            until(rb"continued\\r\\n")
            os.write(fd, b"\\x03")
            until(rb"INT\\r\\n")
            # By the command's own stop too; exec alone is continued, and continues it.
            os.kill(child, signal.SIGTSTP)
            until(rb"stopped\\r\\n")
            os.kill(job, signal.SIGCONT)
            until(rb"continued\\r\\n")
            end = time.time() + 60
            while state() == "T": assert time.time() < end
            os.write(fd, b"\\x03")
            until(rb"INT\\r\\n")
            os.kill(job, signal.SIGTERM)
            until(rb"ended by 15\\r\\n")
            assert b"INT" not in seen and b"stopped" not in seen, seen
            print("good")
            """
        let result = try await ChildProcess.run(
            "/usr/bin/python3", ["-c", python, try demo.home.program("authagent"), command],
            environment: demo.home.environment)
        #expect(result.output == "good\n", "\(result.output)\(result.errors)")
    }
}

import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent exec` when the token is renewed.
@Suite(.timeLimit(.minutes(5)))
struct ExecRenewalTests {
    /// Tokens that are renewed two seconds after they came.
    private static func login() async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.accessTokenLifetime = 62
        configuration.rotation = .oneUse
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        return demo
    }

    @Test("the signal comes after the file has the new token, and the command stays the same")
    func signal() async throws {
        let demo = try await Self.login()
        let script = """
            trap 'echo "$$ $(cat "$T")"' USR1; echo "$$ $(cat "$T")"; while :; do sleep 0.05; done
            """
        let process = try demo.home.client(
            ["exec", "work", "--file", "T", "--on-renew", "SIGUSR1", "--", "sh", "-c", script])
        await eventually("the token is not renewed twice: \(process.errorsSoFar)") {
            process.outputSoFar.split(separator: "\n").count >= 3
        }
        process.signal(SIGTERM)
        let result = await process.result()
        #expect(result.status == -15 && result.errors.isEmpty, "\(result)")
        let words = result.lines.map { $0.split(separator: " ") }
        #expect(Set(words.compactMap(\.first)).count == 1)
        #expect(Set(words.compactMap(\.last)).count == words.count, "\(result.lines)")
    }

    @Test("a restart ends the command with SIGTERM, and with SIGKILL after 10 s, and starts it with the new token")
    func restart() async throws {
        let demo = try await Self.login()
        let mark = demo.home.files.path + "/mark"
        // The first ends by itself at SIGTERM, the second ignores it.
        let script = """
            echo "$$ $T $(cat <&4)"
            [ -e \(mark) ] && trap '' TERM || { trap 'echo ended; exit 3' TERM; touch \(mark); }
            while :; do sleep 0.05; done
            """
        let process = try demo.home.client(
            ["exec", "work", "--env", "T", "--fd", "4", "--restart", "--", "sh", "-c", script])
        await eventually("the command is not started three times: \(process.outputSoFar)\(process.errorsSoFar)") {
            process.outputSoFar.split(separator: "\n").count >= 4
        }
        process.signal(SIGKILL)
        let lines = await process.result().lines
        try #require(lines.count >= 4 && lines[1] == "ended", "\(lines)")
        let starts = [0, 2, 3].map { lines[$0].split(separator: " ") }
        #expect(Set(starts.map { $0[0] }).count == 3 && Set(starts.map { $0[1] }).count == 3, "\(lines)")
        #expect(starts.allSatisfy { $0[1] == $0[2] })
    }

    @Test("a signal that ends the command during a restart is its end")
    func noRestart() async throws {
        let demo = try await Self.login()
        let script = "trap 'echo stopping; sleep 1; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
        let process = try demo.home.client(["exec", "work", "--env", "T", "--restart", "--", "sh", "-c", script])
        #expect(await process.line(beginning: "stopping") == "stopping")
        process.signal(SIGINT)
        let result = await process.result()
        #expect([4, -2].contains(result.status), "\(result)")
        #expect(result.lines.count { $0 == "ready" } == 1)
    }

    @Test("a file that cannot be written ends no command: it is reported once, and written when that is possible")
    func full() async throws {
        let demo = try await Self.login()
        let script = """
            trap 'echo "signal $(cat "$T")"' USR1; d=$(dirname "$T"); mv "$d" "$d.away"; echo moved
            i=0; while [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; mv "$d.away" "$d"; echo back
            while :; do sleep 0.05; done
            """
        let process = try demo.home.client(
            ["exec", "work", "--file", "T", "--on-renew", "USR1", "--", "sh", "-c", script])
        #expect(await process.line(beginning: "back") == "back")
        #expect(!process.outputSoFar.contains("signal"))
        #expect(await process.line(beginning: "signal").utf8.count > 10)
        let reports = process.errorsSoFar.split(separator: "\n").filter { $0.contains("cannot write the token") }
        #expect(reports.count == 1, "\(process.errorsSoFar)")
        process.signal(SIGTERM)
        #expect(await process.result().status == -15)
    }

    @Test("a reader of the file has a whole token at each moment")
    func whole() async throws {
        let demo = try await Self.login()
        let python = """
            import os, time
            path, seen, end = os.environ["T"], [], time.time() + 60
            while len(seen) < 4 and time.time() < end:
                token = open(path).read()
                if not seen or token != seen[-1]: seen.append(token)
            assert len(seen) == 4 and len(set(seen)) == 4, seen
            print("\\n".join(seen))
            """
        let result = try await demo.home.authagent(
            "exec", "work", "--file", "T", "--", "/usr/bin/python3", "-c", python)
        #expect(result.status == 0, "\(result)")
        let lengths = Set(result.lines.map(\.utf8.count))
        #expect(lengths.count == 1 && !lengths.contains(0), "\(result.lines)")
        #expect(result.lines.count == 4)
    }

    @Test("a logout removes the file at once, with one message, and the next login brings it back")
    func loggedOut() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let script = """
            echo ready; while [ -e "$T" ]; do sleep 0.05; done; echo gone
            while [ ! -e "$T" ]; do sleep 0.05; done; cat "$T"; echo; exec sleep 300
            """
        let process = try demo.home.client(["exec", "work", "--file", "T", "--", "sh", "-c", script])
        #expect(await process.line() == "ready")
        #expect(try await demo.home.authagent("logout", "work").status == 0)
        #expect(await process.line(beginning: "gone") == "gone")
        let problems = process.errorsSoFar.split(separator: "\n").filter { $0.hasPrefix("authagent: error: ") }
        #expect(problems == ["authagent: error: no login for 'work'"], "\(problems)")
        #expect(process.errorsSoFar.contains("authagent: hint: run 'authagent login work'"))
        try await demo.logIn()
        await eventually("the token does not come back: \(process.errorsSoFar)") {
            process.outputSoFar.split(separator: "\n").count == 3
        }
        let token = try await demo.home.authagent("token", "work").lines.last
        #expect(process.outputSoFar.split(separator: "\n").last.map(String.init) == token)
        process.signal(SIGTERM)
        #expect(await process.result().status == -15)
    }

    @Test("without an agent the file stays until its token ends, and the agent is not started for it")
    func withoutAgent() async throws {
        var configuration = DemoIssuer.Configuration()
        (configuration.firstAccessTokenLifetime, configuration.accessTokenLifetime) = (5, 5)
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        let script = "echo ready; while [ -e \"$T\" ]; do sleep 0.05; done; echo gone; exec sleep 300"
        let process = try demo.home.client(
            ["exec", "work", "--min-valid", "0", "--file", "T", "--", "sh", "-c", script])
        #expect(await process.line() == "ready")
        await demo.home.killDaemon()
        #expect(await process.line(beginning: "gone") == "gone")
        #expect(demo.home.daemonPID == nil)
        #expect(process.errorsSoFar.hasPrefix("authagent: error: "), "\(process.errorsSoFar)")
        process.signal(SIGTERM)
        #expect(await process.result().status == -15)
    }
}

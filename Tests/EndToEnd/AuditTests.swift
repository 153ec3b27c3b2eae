import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Audit lines of a real daemon for real requests.
@Suite(.timeLimit(.minutes(5)))
struct AuditTests {
    private func lines(_ path: String) -> [[String: Any]] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    @Test("a token is a line of the log and of the file, with the caller's program; SIGHUP reopens the file")
    func rotation() async throws {
        let demo = try await DemoLogin()
        let path = try demo.home.files.directory("audit") + "/audit.log"
        let daemon = try await demo.home.daemon("--audit-file", path)
        try await demo.logIn()
        let curl = try MissingProgram.require("curl", package: "curl")
        let request = ["-sS", "--unix-socket", demo.home.socket, "http://localhost/v1/accounts/work/token"]
        _ = try await ChildProcess.run(curl, request)
        await eventually { lines(path).count >= 2 }
        let line = try #require(lines(path).last)
        #expect((line["executable_claimed"] as? String)?.hasSuffix("/curl") == true)
        #expect(line["uid"] as? Int == Int(getuid()))
        #expect(line["account"] as? String == "work")

        #expect(rename(path, path + ".1") == 0)
        daemon.signal(SIGHUP)
        await eventually { FileManager.default.fileExists(atPath: path) }
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await eventually { lines(path).last?["permission"] as? String == "token" }
        #expect(rename(path, path + ".2") == 0)
        #expect(try await demo.home.authagent("reload").status == 0)
        await eventually { FileManager.default.fileExists(atPath: path) }
        #expect(daemon.errorsSoFar.contains("info decided"))
        #expect(daemon.errorsSoFar.contains("permission=token decision=allowed result=ok"))
        // Lines that are pending at SIGTERM are still written.
        for _ in 0..<5 { _ = try await ChildProcess.run(curl, request) }
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
        #expect(lines(path).filter { $0["permission"] as? String == "token" }.count == 5)
    }

    @Test("with an audit file that others may read the agent does not start, and a reload is refused")
    func refused() async throws {
        let home = try AgentHome()
        // In a directory to which the running agent may write.
        let path = try home.files.file("run/loose.log", "", mode: 0o644)
        let failed = try await ChildProcess.run(
            try BuildProducts.path("authagentd"), ["--audit-file", path], environment: home.environment)
        #expect(failed.status == 1)
        #expect(failed.errors.contains("hint: run 'chmod 600 \(path)'"), "\(failed.errors)")

        try home.files.directory("config/authagent")
        try home.files.file("config/authagent/authagent.toml", "log_level = \"info\"\n")
        let daemon = try await home.daemon()
        try home.files.file("config/authagent/authagent.toml", "audit_file = \"\(path)\"\nlog_level = \"error\"\n")
        let reload = try await home.authagent("reload")
        #expect(reload.status == 1)
        #expect(reload.errors.contains("chmod 600"), "\(reload.errors)")
        // The refused reload has changed nothing.
        daemon.signal(SIGHUP)
        #expect(try await home.authagent("status").status == 0)
        await eventually { daemon.errorsSoFar.contains("permission=status") }
    }

    @Test("a log without a reader delays neither tokens nor the agent's exit")
    func stuckLog() async throws {
        let demo = try await DemoLogin()
        let bash = try MissingProgram.require("bash", package: "bash")
        // A pipe with a reader that never reads.
        let daemon = try ChildProcess(
            bash,
            [
                "-c", "exec \"$0\" --log-level trace 2> >(exec sleep 600 >/dev/null 2>&1)",
                try BuildProducts.path("authagentd"),
            ],
            environment: demo.home.environment, input: nil)
        await eventually {
            demo.home.daemonPID == daemon.pid && FileManager.default.fileExists(atPath: demo.home.socket)
        }
        try await demo.logIn()
        let curl = try MissingProgram.require("curl", package: "curl")
        // More lines than a pipe holds.
        let url = "http://localhost/v1/accounts/work/token?min_valid=[0-1999]"
        let result = try await ChildProcess.run(
            curl,
            [
                "-sS", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}\n", "--unix-socket", demo.home.socket,
                url,
            ])
        #expect(result.lines.filter { $0 == "200" }.count == 2000, "\(result.errors)")
        let pid = try #require(demo.home.daemonPID)
        let children = try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
        for child in children.split(separator: " ") {
            if let pid = Int32(child) { kill(pid, SIGKILL) }
        }
    }

    @Test("the log of an agent that the client started is rotated while it runs")
    func ownLog() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let log = demo.home.files.path + "/state/authagent/authagentd.log"
        // Fills the log as weeks of use would.
        let filler = try #require(fopen(log, "a"))
        for _ in 0..<5000 { fputs(String(repeating: "x", count: 999) + "\n", filler) }
        fclose(filler)
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await eventually { FileManager.default.fileExists(atPath: log + ".1") }
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await eventually { demo.home.log.contains("permission=token") }
        #expect(demo.home.log.utf8.count < 100_000)
        #expect(try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? Int == 0o600)
    }
}

import Foundation
import TestSupport
import Testing

/// The filter of system calls, from inside.
@Suite(.timeLimit(.minutes(1)))
struct RefusedCallTests {
    /// Those that fail as on a kernel that does not have them, so that libraries take what they had before.
    private static let absent: Set<String> = ["clone3", "openat2", "unknown"]

    @Test(
        "an agent's process can make no call of an intruder, and none of them ends it", arguments: ["agent", "helper"])
    func refused(_ kind: String) async throws {
        let actor = try await SandboxActor(try #require(SandboxActor.Kind(rawValue: kind)))
        let results = await actor.calls()
        #expect(results.count > 40)
        for (name, result) in results.sorted(by: { $0.key < $1.key }) {
            #expect(result == (Self.absent.contains(name) ? "ENOSYS" : "EPERM"), "\(name)")
        }
        #expect(try actor.status("Seccomp") == "2")
        #expect(try actor.status("NoNewPrivs") == "1")
    }

    @Test("without the sandbox a shell runs in each of the ways that it refuses")
    func unrestricted() async throws {
        let results = try await SandboxActor(.none).calls()
        for name in ["execve", "execveat", "execveat-memfd", "execve-memfd", "execve-loader", "posix_spawn"] {
            #expect(results[name] == "done", "\(name)")
        }
    }

    @Test("where a container forbids to restrict oneself, an agent goes on and says what is missing")
    func container() async throws {
        let report = try await SandboxActor(.nested).ask("report")
        #expect(
            report.contains(#"files: Sandbox.Measure.unavailable("Landlock cannot be used: Operation not permitted"#))
        #expect(
            report.contains(#"systemCalls: Sandbox.Measure.unavailable("the kernel refuses the filter: "#), "\(report)")
        #expect(report.contains("noNewPrivileges: Sandbox.Measure.applied"))
    }

    @Test("an agent can start its keyring helper, and not the same file by another execve(2)")
    func helper() async throws {
        let actor = try await SandboxActor(.agent)
        #expect(await actor.ask("start") == "exit 0")
        #expect(await actor.ask("execute /usr/bin/true") == "EPERM")
        #expect(await actor.ask("execute /bin/sh") == "EPERM")
    }

    @Test("a helper that is a script can be started, with the programs that it needs")
    func script() async throws {
        let files = try TemporaryDirectory()
        let script = files.path + "/helper"
        try "#!/bin/sh\nexit $(echo 7)\n".write(toFile: script, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let actor = try await SandboxActor(.agent, helper: script)
        #expect(await actor.ask("start") == "exit 7")
        #expect(await actor.ask("report").contains("is a script"))
    }

    @Test(
        "an agent has sockets of four families, the keyring helper those of one machine's programs alone",
        arguments: [("agent", ["done", "done", "done", "done"]), ("helper", ["done", "EPERM", "EPERM", "EPERM"])])
    func sockets(_ kind: String, _ expected: [String]) async throws {
        let actor = try await SandboxActor(try #require(SandboxActor.Kind(rawValue: kind)))
        var results: [String] = []
        for family in [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] { results.append(await actor.ask("socket \(family)")) }
        #expect(results == expected)
    }
}

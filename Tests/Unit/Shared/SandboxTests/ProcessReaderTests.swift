import Foundation
import TestSupport
import Testing

/// What a process under Landlock knows of others.
@Suite(.timeLimit(.minutes(1)))
struct ProcessReaderTests {
    @Test("an agent sees through its reader which program a process runs, and cannot see it by itself")
    func program() async throws {
        let actor = try await SandboxActor(.agent)
        let sleep = try ChildProcess("/bin/sleep", ["600"], environment: [:], input: nil)
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(sleep.pid)/exe")
        #expect(await actor.ask("link \(sleep.pid)") == "EACCES")
        #expect(await actor.ask("program \(sleep.pid)").hasPrefix("\(path) 5"))
        var status = stat()
        try #require(stat(path, &status) == 0)
        #expect(await actor.ask("executable \(sleep.pid)") == "\(status.st_ino)")
    }

    @Test("a process that has ended is unknown to the reader")
    func ended() async throws {
        let actor = try await SandboxActor(.agent)
        let sleep = try ChildProcess("/bin/sleep", ["600"], environment: [:], input: nil)
        sleep.signal(SIGKILL)
        _ = await sleep.result()
        #expect(await actor.ask("program \(sleep.pid)") == "unknown")
        #expect(await actor.ask("executable \(sleep.pid)") == "unknown")
    }

    @Test("the reader finds the process that has a socket open")
    func holder() async throws {
        let actor = try await SandboxActor(.agent)
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(raw) }
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(raw)")
        let number = try #require(link.split(separator: "[").last?.dropLast())
        #expect(await actor.ask("holder \(number)") == "\(getpid())")
        #expect(await actor.ask("holder 1") == "unknown")
    }

    @Test("a stopped reader costs one wait, and answers again when it continues")
    func stopped() async throws {
        let actor = try await SandboxActor(.agent)
        let reader = try #require(Int32(await actor.ask("reader").split(separator: " ").first ?? ""))
        kill(reader, SIGSTOP)
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(await actor.ask("program \(getpid())") == "unknown") }
        #expect(ContinuousClock.now - start < .seconds(1))
        kill(reader, SIGCONT)
        await eventually("the reader does not answer again") {
            await actor.ask("program \(getpid())") != "unknown"
        }
    }

    @Test("without its reader an agent knows no program, and goes on")
    func killed() async throws {
        let actor = try await SandboxActor(.agent)
        let reader = try #require(Int32(await actor.ask("reader").split(separator: " ").first ?? ""))
        kill(reader, SIGKILL)
        await eventually("the reader is not gone") { await actor.ask("reader").hasSuffix("false") }
        #expect(await actor.ask("program \(getpid())") == "unknown")
        #expect(await actor.ask("executable \(getpid())") == "unknown")
        #expect(await actor.ask("holder 1") == "unknown")
    }

    @Test("the reader ends with its agent, has a filter of its own, and none of the agent's descriptors")
    func end() async throws {
        let actor = try await SandboxActor(.agent)
        let reader = try #require(Int32(await actor.ask("reader").split(separator: " ").first ?? ""))
        let status = try String(contentsOfFile: "/proc/\(reader)/status", encoding: .utf8)
        #expect(status.contains("Seccomp:\t2"))
        // Of a process that is not dumpable, only root sees the descriptors.
        if geteuid() == 0 {
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "/proc/\(reader)/fd").sorted() == ["0", "1", "2"])
        }
        kill(actor.pid, SIGKILL)
        await eventually("the reader runs on") { Self.isGone(reader) }
    }

    /// Also as a zombie, where its new parent does not reap it.
    private static func isGone(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return true }
        return status.contains("State:\tZ") || !status.hasPrefix("Name:\tauthagentd-proc")
    }
}

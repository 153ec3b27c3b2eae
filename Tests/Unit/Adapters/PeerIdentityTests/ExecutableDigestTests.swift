import Foundation
import PeerIdentity
import Policy
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ExecutableDigestTests {
    private func sha256sum(_ path: String) async throws -> String {
        let result = try await ChildProcess.run("/usr/bin/sha256sum", [path])
        return String(result.output.prefix { $0 != " " })
    }

    @Test("the digest equals sha256sum(1)'s, and takes waiting only once")
    func digest() async throws {
        let visit = try await Visit()
        #expect(try visit.peer.callerAtOnce(.executableDigest) == nil)
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == (try await sha256sum(try BuildProducts.path("socket-actor"))))
        #expect(try visit.peer.callerAtOnce(.executableDigest)?.executableDigest == caller.executableDigest)
        // The file of another process must be checked, and a known file is not read again.
        let other = try await Visit(digests: visit.digests)
        #expect(try await other.peer.caller(.executableDigest).executableDigest == caller.executableDigest)
    }

    @Test("the running program is read, not the file now at its path")
    func replaced() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        let original = try BuildProducts.path("socket-actor")
        _ = try await ChildProcess.run("/bin/cp", [original, program])
        let visit = try await Visit(program: program)
        try FileManager.default.removeItem(atPath: program)
        _ = try await ChildProcess.run("/bin/cp", ["/bin/sleep", program])
        #expect(try await visit.peer.caller(.executableDigest).executableDigest == (try await sha256sum(original)))
    }

    @Test("a changed file is read again")
    func changed() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let digests = Visit.patient()
        let first = try await Visit(program: program, digests: digests)
        let before = try await first.peer.caller(.executableDigest).executableDigest
        first.visitor.end()
        await eventually { (try? first.peer.callerAtOnce([])) == nil }
        // In place: the same inode, and a program may have any bytes at its end.
        _ = try await ChildProcess.run("/bin/sh", ["-c", "printf x >>\(program)"])
        let second = try await Visit(program: program, digests: digests)
        let after = try await second.peer.caller(.executableDigest).executableDigest
        #expect(before != nil)
        #expect(after != before)
        #expect(after == (try await sha256sum(program)))
    }

    @Test("a program that is too large has no digest, and matches no rule with one")
    func tooLarge() async throws {
        let visit = try await Visit(digests: Visit.patient { $0.size = 1000 })
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == nil && caller.uncertain.contains(.executableDigest))
    }

    @Test("a file that takes too long has no digest")
    func tooSlow() async throws {
        let visit = try await Visit(digests: Visit.patient { $0.time = .zero })
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == nil && caller.uncertain.contains(.executableDigest))
    }

    @Test("the number of cached programs is limited")
    func bounded() async throws {
        let digests = Visit.patient { $0.count = 1 }
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let first = try await Visit(digests: digests)
        _ = try await first.peer.caller(.executableDigest)
        let second = try await Visit(program: program, digests: digests)
        _ = try await second.peer.caller(.executableDigest)
        #expect(try second.peer.callerAtOnce(.executableDigest) != nil)
        #expect(try first.peer.callerAtOnce(.executableDigest) == nil)
    }

    @Test("a read error is cached for its user, and not for others")
    func failureRemembered() async throws {
        let digests = Visit.patient { $0.size = 1000 }
        let visit = try await Visit(digests: digests)
        #expect(try visit.peer.callerAtOnce(.executableDigest) == nil)
        _ = try await visit.peer.caller(.executableDigest)
        let known = try #require(try visit.peer.callerAtOnce(.executableDigest))
        #expect(known.executableDigest == nil)
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        let other = try await Visit(user: 65_534, digests: digests)
        _ = try await other.peer.caller(.executable)
        #expect(try other.peer.callerAtOnce(.executableDigest) == nil)
    }

    @Test("a cached read error expires")
    func failureForgotten() async throws {
        let visit = try await Visit(digests: Visit.patient { ($0.size, $0.failureTime) = (1000, .zero) })
        _ = try await visit.peer.caller(.executableDigest)
        #expect(try visit.peer.callerAtOnce(.executableDigest) == nil)
    }

    @Test("slow programs of a user are read one at a time, and delay no other user")
    func oneAtATime() async throws {
        try #require(getuid() == 0, "this test becomes other users, which only root can")
        let files = try TemporaryDirectory()
        // Their reading ends only with the files, so that a busy machine does not miss it.
        let digests = Visit.patient { ($0.size, $0.time) = (1 << 40, .seconds(600)) }
        var programs: [String] = []
        for number in 1...6 {
            let program = files.path + "/large-\(number)"
            _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
            // Sparse, so that it needs no disk space.
            try #require(truncate(program, 1 << 38) == 0)
            programs.append(program)
        }
        try #require(chmod(files.path, 0o755) == 0)
        var large: [Visit] = []
        for program in programs { large.append(try await Visit(user: 4001, program: program, digests: digests)) }
        let small = try await Visit(user: 4002, digests: digests)
        let done = Count()
        let all = Task { [large] in
            await withTaskGroup(of: Void.self) { group in
                for visit in large {
                    group.addTask {
                        _ = try? await visit.peer.caller(.executableDigest)
                        done.value.withLock { $0 += 1 }
                    }
                }
            }
        }
        await eventually { Self.openFiles(in: files.path) > 0 }
        #expect(try await small.peer.caller(.executableDigest).executableDigest != nil)
        #expect(done.value.withLock { $0 } == 0, "the small one has waited for a large one")
        for (visit, program) in zip(large, programs) {
            visit.visitor.end()
            // A program cannot be written to while it runs.
            await eventually { truncate(program, 0) == 0 }
            for _ in 0..<10 { #expect(Self.openFiles(in: files.path) <= 1) }
        }
        await all.value
    }

    private final class Count: Sendable {
        let value = Mutex(0)
    }

    /// Open descriptors of this process. A thread that may block has its own table (DetachedThread).
    private static func openFiles(in directory: String) -> Int {
        let files = FileManager.default
        let tables = ((try? files.contentsOfDirectory(atPath: "/proc/self/task")) ?? []).map {
            "/proc/self/task/\($0)/fd"
        }
        let open = tables.flatMap { table in
            ((try? files.contentsOfDirectory(atPath: table)) ?? []).compactMap {
                try? files.destinationOfSymbolicLink(atPath: "\(table)/\($0)")
            }
        }
        return Set(open.filter { $0.hasPrefix(directory) }).count
    }
}

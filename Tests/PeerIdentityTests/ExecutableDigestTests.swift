import AuthagentTestSupport
import Foundation
import PeerIdentity
import Policy
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ExecutableDigestTests {
    private func sha256sum(_ path: String) async throws -> String {
        let result = try await ChildProcess.run("/usr/bin/sha256sum", [path])
        return String(result.output.prefix { $0 != " " })
    }

    @Test("the digest is the program's, as sha256sum(1) has it; it takes waiting once")
    func digest() async throws {
        let visit = try await Visit()
        #expect(try visit.peer.callerAtOnce(.executableDigest) == nil)
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == (try await sha256sum(try BuildProducts.path("socket-actor"))))
        #expect(try visit.peer.callerAtOnce(.executableDigest) == caller)
        let other = try await Visit(digests: visit.digests)
        #expect(try other.peer.callerAtOnce(.executableDigest)?.executableDigest == caller.executableDigest)
    }

    @Test("what is read is the program that runs, not what its path names by now")
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
        let digests = ExecutableDigests()
        let first = try await Visit(program: program, digests: digests)
        let before = try await first.peer.caller(.executableDigest).executableDigest
        first.visitor.end()
        await eventually { (try? first.peer.callerAtOnce([])) == nil }
        // In place: the same number, and a program can have anything at its end.
        _ = try await ChildProcess.run("/bin/sh", ["-c", "printf x >>\(program)"])
        let second = try await Visit(program: program, digests: digests)
        let after = try await second.peer.caller(.executableDigest).executableDigest
        #expect(before != nil)
        #expect(after != before)
        #expect(after == (try await sha256sum(program)))
    }

    @Test("a program that is too large has no digest, and matches no rule that asks for one")
    func tooLarge() async throws {
        var limits = ExecutableDigests.Limits()
        limits.size = 1000
        let visit = try await Visit(digests: ExecutableDigests(limits: limits))
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == nil && caller.uncertain == .executableDigest)
    }

    @Test("a file that takes too long has no digest")
    func tooSlow() async throws {
        var limits = ExecutableDigests.Limits()
        limits.time = .zero
        let visit = try await Visit(digests: ExecutableDigests(limits: limits))
        let caller = try await visit.peer.caller(.executableDigest)
        #expect(caller.executableDigest == nil && caller.uncertain == .executableDigest)
    }

    @Test("so many programs are remembered and no more")
    func bounded() async throws {
        var limits = ExecutableDigests.Limits()
        limits.count = 1
        let digests = ExecutableDigests(limits: limits)
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
}

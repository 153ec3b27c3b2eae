import Foundation
import PeerIdentity
import Policy
import TestSupport
import Testing

/// The identity of the peer, with real processes.
@Suite(.timeLimit(.minutes(10)))
struct PeerProcessTests {
    @Test(
        "process, user, groups, program and unit are those of the process that connected", arguments: Pinning.allCases)
    func facts(pinning: Pinning) async throws {
        let visit = try await Visit(pinning: pinning)
        let caller = try await visit.peer.caller([.supplementaryGroups, .executable, .unit])
        #expect(caller.pid == visit.visitor.pid)
        #expect(caller.user == getuid())
        #expect(caller.group == getgid())
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(1024, &groups)
        #expect(caller.supplementaryGroups.sorted() == groups.prefix(Int(count)).sorted())
        #expect(caller.executable == (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath)
        #expect(caller.slice != nil)
    }

    @Test("a reaped process is refused, whichever process has its connection now", arguments: Pinning.allCases)
    func reaped(pinning: Pinning) async throws {
        let visit = try await Visit(pinning: pinning)
        #expect(try visit.peer.callerAtOnce([]) != nil)
        await visit.visitor.leave()
        for facts in [[], .executable, .unit, .supplementaryGroups] as [CallerFacts] {
            #expect(throws: CallerLost.ended) { try visit.peer.callerAtOnce(facts) }
        }
        await #expect(throws: CallerLost.ended) { try await visit.peer.caller(.all) }
    }

    @Test("a process that ended before the first check is refused", arguments: Pinning.allCases)
    func goneBefore(pinning: Pinning) async throws {
        let visit = try await Visit(pinning: pinning) { await $0.leave() }
        #expect(throws: CallerLost.ended) { try visit.peer.callerAtOnce([]) }
    }

    @Test("a process that has ended but is not reaped is refused", arguments: Pinning.allCases)
    func zombie(pinning: Pinning) async throws {
        let visit = try await Visit(pinning: pinning, isLeftUnreaped: true)
        let pid = visit.peer.connected.pid
        #expect(try visit.peer.callerAtOnce([]) != nil)
        visit.visitor.end()
        await eventually {
            (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") Z ") == true
        }
        #expect(throws: CallerLost.ended) { try visit.peer.callerAtOnce([]) }
    }

    @Test("a process that runs another program is refused only if its program was checked before")
    func exec() async throws {
        let looked = try await Visit()
        _ = try await looked.peer.caller(.executable)
        await looked.visitor.become("/bin/sleep")
        #expect(throws: CallerLost.changed) { try looked.peer.callerAtOnce(.executable) }
        await #expect(throws: CallerLost.changed) { try await looked.peer.caller(.executableDigest) }
        #expect(try looked.peer.callerAtOnce(.unit) != nil)
        kill(looked.visitor.pid, SIGKILL)

        let unlooked = try await Visit()
        await unlooked.visitor.become("/bin/sleep")
        #expect(try unlooked.peer.callerAtOnce([.unit, .supplementaryGroups]) != nil)
        kill(unlooked.visitor.pid, SIGKILL)
    }

    @Test("at first only the claimed path is known; the file is checked on another thread")
    func claim() async throws {
        let visit = try await Visit()
        let program = (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath
        let claim = try #require(try visit.peer.callerAtOnce(.executableClaim))
        #expect(claim.claimedExecutable == program && claim.confirmedExecutable == nil)
        #expect(try visit.peer.callerAtOnce(.executable) == nil)
        #expect(try await visit.peer.caller(.executable).confirmedExecutable == program)
        await visit.visitor.become("/bin/sleep")
        #expect(throws: CallerLost.changed) { try visit.peer.callerAtOnce(.executableClaim) }
        kill(visit.visitor.pid, SIGKILL)
    }

    @Test("a process that executes its own file again is a new execution, without known facts")
    func again() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let visit = try await Visit(program: program)
        _ = try visit.peer.callerAtOnce(.executableClaim)
        await visit.visitor.executeAgain(program)
        #expect(throws: CallerLost.changed) { try visit.peer.callerAtOnce(.executableClaim) }
        kill(visit.visitor.pid, SIGKILL)
    }

    @Test("another file of the same name is another program")
    func sameName() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let visit = try await Visit(program: program)
        #expect(try await visit.peer.caller(.executable).executable == program)
        // As in an upgrade: the running program keeps its old path.
        try FileManager.default.removeItem(atPath: program)
        #expect(try await visit.peer.caller(.executable).executable == program)
        // By now it is a file that no rule can name.
        #expect(try await visit.peer.caller(.executable).uncertain == .executable)
        _ = try await ChildProcess.run("/bin/cp", ["/bin/sleep", program])
        await visit.visitor.become(program)
        #expect(throws: CallerLost.changed) { try visit.peer.callerAtOnce(.executable) }
        kill(visit.visitor.pid, SIGKILL)
    }

    @Test("a program whose path is another file for the agent is uncertain")
    func elsewhere() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let honest = try await Visit(program: program)
        let here = try await honest.peer.caller(.executable)
        #expect(here.executable == program && here.uncertain == [])
        let liar = try await Visit(program: program, through: try await OtherPlace.command(hiding: program))
        let there = try await liar.peer.caller(.executable)
        #expect(there.executable == program && there.uncertain == .executable)
        let digest = try await liar.peer.caller([.executable, .executableDigest])
        #expect(digest.executableDigest != nil && digest.uncertain == .executable)
        // The same if the path does not exist.
        try FileManager.default.removeItem(atPath: program)
        let fresh = try await Visit(program: program, through: OtherPlace.command(hiding: program))
        #expect(try await fresh.peer.caller(.executable).uncertain == .executable)
    }

    @Test("a file whose name ends with the kernel's suffix for deleted files is always uncertain")
    func marked() async throws {
        let files = try TemporaryDirectory()
        let program = files.path + "/tool (deleted)"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let visit = try await Visit(program: program)
        #expect(try await visit.peer.caller(.executable).uncertain == .executable)
    }

    @Test("user and groups are those at connect(2)")
    func otherUser() async throws {
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        let groups: [UInt32] = [7, 4242, 65_533] + (100_000..<100_060)
        let visit = try await Visit(user: 65_534, group: 12, groups: groups)
        let caller = try #require(try visit.peer.callerAtOnce(.supplementaryGroups))
        #expect(caller.user == 65_534)
        #expect(caller.group == 12)
        #expect(caller.supplementaryGroups.sorted() == groups)
        let byNumber = try #require(PeerProcess(pid: visit.visitor.pid, digests: ExecutableDigests()))
        #expect(byNumber.connected.user == caller.user)
        #expect(byNumber.connected.group == caller.group)
        #expect(byNumber.connected.supplementaryGroups.sorted() == groups)
    }

    @Test("the record has program and unit, also of a process that then runs another program")
    func record() async throws {
        let visit = try await Visit()
        let before = try #require(try visit.peer.callerAtOnce(.record))
        let program = (try BuildProducts.path("socket-actor") as NSString).resolvingSymlinksInPath
        #expect(before.claimedExecutable == program && before.confirmedExecutable == nil)
        #expect(before.slice != nil)
        await visit.visitor.become("/bin/sleep")
        #expect(try visit.peer.callerAtOnce(.record) == before)
        kill(visit.visitor.pid, SIGKILL)
        await eventually { (try? visit.peer.callerAtOnce([])) == nil }
        #expect(throws: CallerLost.ended) { try visit.peer.callerAtOnce(.record) }
    }

    @Test("a process is cached for a moment only: its descriptor is closed without another connection")
    func released() async throws {
        let recent = RecentProcesses()
        for _ in 0..<3 {
            let visit = try await Visit(recent: recent)
            _ = try visit.peer.callerAtOnce(.record)
        }
        await eventually { recent.count == 0 }
    }

    @Test("the cached description of a process is used for no other process", arguments: Pinning.allCases)
    func recent(pinning: Pinning) async throws {
        let recent = RecentProcesses()
        let files = try TemporaryDirectory()
        let program = files.path + "/tool"
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("socket-actor"), program])
        let first = try await Visit(pinning: pinning, program: program, recent: recent)
        #expect(try first.peer.callerAtOnce(.record)?.executable == program)
        for _ in 0..<40 {
            let other = try await Visit(pinning: pinning, recent: recent)
            #expect(try other.peer.callerAtOnce(.record)?.executable?.hasSuffix("/socket-actor") == true)
        }
        #expect(try first.peer.callerAtOnce(.record)?.executable == program)
    }

    @Test("a process ID without a process is refused")
    func noProcess() async throws {
        let visit = try await Visit()
        await visit.visitor.leave()
        #expect(PeerProcess(pid: visit.visitor.pid, digests: ExecutableDigests()) == nil)
        #expect(PeerProcess(pid: 0, digests: ExecutableDigests()) == nil)
        #expect(PeerProcess(pid: -1, digests: ExecutableDigests()) == nil)
    }
}

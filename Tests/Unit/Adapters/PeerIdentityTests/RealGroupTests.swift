import Foundation
import PeerIdentity
import Policy
import TestSupport
import Testing

/// A process in a real control group, where root can create one.
@Suite(.timeLimit(.minutes(10)))
struct RealGroupTests {
    /// systemd's own hierarchy of version 1, or that of version 2.
    private static let roots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"]

    @Test("the unit is read from the process's control group, and again after a move")
    func unit() async throws {
        try #require(getuid() == 0, "only root can make a control group")
        let root = try #require(
            Self.roots.first { FileManager.default.fileExists(atPath: $0 + "/cgroup.procs") },
            "no hierarchy is mounted: mount one with 'mount -t cgroup2 none /sys/fs/cgroup'")
        let name = "authagenttest\(getpid())"
        let slice = "\(root)/\(name).slice"
        let groups = ["\(slice)/\(name).service", "\(slice)/\(name).service/inner.service", "\(slice)/other.service"]
        for group in [slice] + groups { try #require(mkdir(group, 0o755) == 0, "\(group): errno \(errno)") }
        let visit = try await Visit()
        defer {
            kill(visit.visitor.pid, SIGKILL)
            // A group can be removed once it has no processes.
            for group in groups.reversed() + [slice] {
                for _ in 0..<1000 where rmdir(group) != 0 && errno == EBUSY { usleep(1000) }
            }
        }
        func move(to group: String) throws {
            let file = try #require(fopen(group + "/cgroup.procs", "w"))
            fputs("\(visit.visitor.pid)", file)
            try #require(fclose(file) == 0)
        }
        try move(to: groups[0])
        #expect(try visit.peer.callerAtOnce(.unit)?.unit == name + ".service")
        #expect(try visit.peer.callerAtOnce(.unit)?.slice == name + ".slice")
        try move(to: groups[1])
        await eventually { (try? visit.peer.callerAtOnce(.unit))?.unit == name + ".service" }
        try move(to: groups[2])
        await eventually { (try? visit.peer.callerAtOnce(.unit))?.unit == "other.service" }
    }
}

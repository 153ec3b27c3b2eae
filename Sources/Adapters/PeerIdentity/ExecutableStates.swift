internal import Synchronization
internal import System

/// Calls stat(2) on executables off the event loop, because a file system may be slow or never reply.
final class ExecutableStates: Sendable {
    /// The state of an executable.
    struct Snapshot: Sendable {
        /// The file that the process runs.
        var file: FileState
        /// Whether the agent finds the same file at its path; `nil` if that was not checked.
        var isThere: Bool?
    }

    let lanes: BlockingLanes
    /// Paths named by rules are the same file for every caller: one stat(2) serves all that wait for it.
    private let paths = PathStates()
    private let time: Duration

    init(_ lanes: BlockingLanes, time: Duration) {
        self.lanes = lanes
        self.time = time
    }

    /// Returns the file's state; `nil` if it cannot be read in time. `path`: the path to compare with, named by a rule.
    func snapshot(of pid: Int32, _ path: String?, user: UInt32) async -> Snapshot? {
        // May block on the last path component even without network traffic (NFS).
        guard
            let file = await lanes.run(
                of: user, within: time,
                { _ in
                    OtherProcess.withExecutable(of: pid) { FileState($0) }
                })
        else {
            return nil
        }
        guard let path else { return Snapshot(file: file, isThere: nil) }
        guard let found = await paths.look(at: path, within: time) else { return nil }
        return Snapshot(file: file, isThere: found.state?.isSameFile(as: file) == true)
    }
}

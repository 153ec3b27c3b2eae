internal import Synchronization
internal import System

/// Looks at files of programs, away from the thread that serves: a file system may answer slowly, or never.
final class ExecutableLooks: Sendable {
    /// What there was to see.
    struct Look: Sendable {
        /// Of the program that the process runs.
        var file: FileState
        /// Whether it is the file that the agent finds at its path; `nil`: that was not looked at.
        var isThere: Bool?
    }

    let lanes: BlockingLanes
    /// Paths that rules name, which are the same file for every caller: one look serves all who wait for it.
    private let paths = PathLooks()
    private let time: Duration

    init(_ lanes: BlockingLanes, time: Duration) {
        self.lanes = lanes
        self.time = time
    }

    /// Returns `nil` if it cannot be looked at, or not in time. `path`: what to compare it with, which a rule names.
    func look(at pid: Int32, _ path: String?, user: UInt32) async -> Look? {
        // Also without asking a server it may wait, for the last step of the path (NFS).
        guard let file = await lanes.run(of: user, within: time, { _ in FileState("/proc/\(pid)/exe") }) else {
            return nil
        }
        guard let path else { return Look(file: file, isThere: nil) }
        guard let found = await paths.look(at: path, within: time) else { return nil }
        return Look(file: file, isThere: found.state?.isSameFile(as: file) == true)
    }
}

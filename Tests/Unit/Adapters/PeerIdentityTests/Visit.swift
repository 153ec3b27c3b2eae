import AuthagentClient
import CLinux
import Foundation
import PeerIdentity
import System
import TestSupport
import Testing

/// A real process that has connected to the test's socket, and the facts about it.
final class Visit: Sendable {
    let visitor: SocketActor
    let peer: PeerProcess
    let digests: ExecutableDigests
    private let files: TemporaryDirectory
    private let connection: Int32

    init(
        pinning: Pinning = .peer, user: UInt32? = nil, group: UInt32? = nil, groups: [UInt32] = [],
        program: String? = nil, isLeftUnreaped: Bool = false, digests: ExecutableDigests = Visit.patient(),
        recent: RecentProcesses = RecentProcesses(), through: [String] = [],
        beforeAccept: (SocketActor) async -> Void = { _ in }
    ) async throws {
        files = try TemporaryDirectory()
        let path = try SocketPath(files.path + "/run/agent.sock")
        let listener = try LocalSocket.listen(at: path.text)
        if user != nil {
            for path in [files.path, path.directory, path.text] { try #require(chmod(path, 0o777) == 0) }
        }
        visitor = try await SocketActor(
            path.text, user: user, group: group, groups: groups, program: program,
            isLeftUnreaped: isLeftUnreaped, through: through)
        await beforeAccept(visitor)
        connection = clinux_accept(listener.raw)
        peer = try PeerProcess(socket: connection, digests: digests, recent: recent, pinning: pinning)
        self.digests = digests
    }

    /// Facts stay cached, however busy the machine is.
    static func patient(_ change: (inout ExecutableDigests.Limits) -> Void = { _ in }) -> ExecutableDigests {
        var limits = ExecutableDigests.Limits()
        (limits.snapshotLife, limits.turn, limits.time) = (.seconds(600), .seconds(600), .seconds(60))
        change(&limits)
        return ExecutableDigests(limits: limits)
    }

    deinit {
        visitor.end()
        close(connection)
    }
}

import AuthagentClient
import Foundation
import System
import TestSupport
import Testing

/// A socket shared with other users. Only root can create what these tests need.
struct SharedSocketTests {
    /// A directory that is root's, like all above it.
    private final class RootDirectory {
        let path: String

        init() throws {
            try #require(getuid() == 0, "these tests give files to other users, which only root can")
            var template = Array("/run/aa.XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
            chmod(path, 0o755)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status
    }

    @Test("with a group, the socket is 0660, its directory 0750, and both belong to the group")
    func group() throws {
        let root = try RootDirectory()
        let path = try SocketPath(root.path + "/run/agent.sock")
        let listener = try LocalSocket.listen(at: path.text, group: 4242)
        let (socket, directory) = (try status(path.text), try status(path.directory))
        #expect(socket.st_mode & 0o7777 == 0o660 && socket.st_gid == 4242 && socket.st_uid == 0)
        #expect(directory.st_mode & 0o7777 == 0o750 && directory.st_gid == 4242 && directory.st_uid == 0)
        _ = listener.raw
    }

    @Test(
        "a directory of another group, closed to it or open to others is refused with a hint",
        arguments: [(4242, 0o700), (4242, 0o755), (4242, 0o770), (0, 0o750), (7, 0o750)] as [(UInt32, mode_t)])
    func refused(group: UInt32, mode: mode_t) throws {
        let root = try RootDirectory()
        let path = try SocketPath(root.path + "/run/agent.sock")
        try #require(mkdir(path.directory, 0o700) == 0 && chown(path.directory, 0, group) == 0)
        try #require(chmod(path.directory, mode) == 0)
        let error = #expect(throws: LocalSocketError.self) {
            _ = try LocalSocket.listen(at: path.text, group: 4242).raw
        }
        #expect(error == .directoryIsNotForGroup(path.directory, 4242))
        #expect(error?.hint.contains("chgrp 4242 \(path.directory) && chmod 750 \(path.directory)") == true)
    }

    @Test("without a group, socket and directory are private")
    func noGroup() throws {
        let root = try RootDirectory()
        let path = try SocketPath(root.path + "/run/agent.sock")
        try #require(mkdir(path.directory, 0o750) == 0)
        #expect(throws: LocalSocketError.directoryIsLoose(path.directory, mode: 0o750)) {
            _ = try LocalSocket.listen(at: path.text).raw
        }
    }

    /// The directories on the way to a socket of user 65534.
    struct Way: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isKept: Bool
        var prepare: @Sendable (_ above: String, _ directory: String, _ socket: String) -> Void
    }

    @Test(
        "another user's agent is trusted only where root placed it",
        arguments: [
            Way(testDescription: "root's directory", isKept: true) { _, _, _ in },
            Way(testDescription: "the agent's directory", isKept: true) { _, directory, _ in
                chown(directory, 65_534, 65_534)
            },
            Way(testDescription: "a third user's directory", isKept: false) { _, directory, _ in
                chown(directory, 4242, 4242)
            },
            Way(testDescription: "a group may write", isKept: false) { _, directory, _ in chmod(directory, 0o775) },
            Way(testDescription: "sticky, as /tmp is", isKept: false) { _, directory, _ in chmod(directory, 0o1777) },
            Way(testDescription: "others may write above", isKept: false) { above, _, _ in chmod(above, 0o757) },
            Way(testDescription: "the agent's user could replace the directory", isKept: false) { above, _, _ in
                chown(above, 65_534, 65_534)
            },
            Way(testDescription: "a link", isKept: false) { _, directory, _ in
                rename(directory, directory + ".real")
                symlink(directory + ".real", directory)
            },
            Way(testDescription: "a link above", isKept: false) { above, _, _ in
                rename(above, above + ".real")
                symlink(above + ".real", above)
            },
            Way(testDescription: "a third user's socket", isKept: false) { _, _, socket in
                lchown(socket, 4242, 4242)
            },
            Way(testDescription: "no socket", isKept: false) { _, _, socket in
                unlink(socket)
                close(open(socket, O_CREAT | O_WRONLY, 0o600))
                chown(socket, 65_534, 65_534)
            },
        ])
    func kept(way: Way) throws {
        let root = try RootDirectory()
        let above = root.path + "/above"
        let path = try SocketPath(above + "/run/agent.sock")
        try #require(mkdir(above, 0o755) == 0 && mkdir(path.directory, 0o700) == 0)
        let listener = try LocalSocket.listen(at: path.text)
        try #require(chmod(path.directory, 0o755) == 0 && lchown(path.text, 65_534, 65_534) == 0)
        way.prepare(above, path.directory, path.text)
        #expect(path.isKept(by: 65_534) == way.isKept)
        #expect(!path.isKept(by: 1))
        _ = listener.raw
    }

    @Test("a path with '.', '..' or '//' is not trusted")
    func detour() throws {
        let root = try RootDirectory()
        let path = try SocketPath(root.path + "/run/agent.sock")
        let listener = try LocalSocket.listen(at: path.text)
        #expect(path.isKept)
        for text in [
            "\(root.path)/run/../run/agent.sock", "\(root.path)//run/agent.sock", "\(root.path)/./run/agent.sock",
        ] {
            #expect(try !SocketPath(text).isKept)
        }
        _ = listener.raw
    }

    @Test("a client does not start an agent at another user's path")
    func others() throws {
        let root = try RootDirectory()
        let path = try SocketPath(root.path + "/run/agent.sock")
        try #require(mkdir(path.directory, 0o755) == 0)
        #expect(path.isOthers(than: 1000))
        #expect(!path.isOthers(than: 0))
        try #require(chown(path.directory, 65_534, 65_534) == 0)
        #expect(path.isOthers(than: 0))
        #expect(!path.isOthers(than: 65_534))
        #expect(try SocketPath("/run/authagent/agent.sock").isOthers(than: 0))
        // An unsafe directory of another user is not the machine's agent, and must be reported.
        try #require(chmod(path.directory, 0o777) == 0)
        #expect(!path.isOthers(than: 1000))
    }
}

import AuthagentClient
import Foundation
import System
import TestSupport
import Testing

struct ListenTests {
    let files: TemporaryDirectory
    let path: SocketPath

    init() throws {
        files = try TemporaryDirectory()
        path = try SocketPath(files.path + "/run/agent.sock")
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("a new socket is 0600 in a directory of mode 0700")
    func modes() throws {
        let listener = try LocalSocket.listen(at: path.text)
        #expect(try mode(path.text) == 0o600)
        #expect(try mode(path.directory) == 0o700)
        let client = try AgentSocket(connectedTo: path)
        #expect(try PeerCredentials(of: client.raw).user == getuid())
        _ = (listener.raw, client.raw)
    }

    @Test("a loose directory, a link, another owner and a missing parent are refused with a hint")
    func refusedDirectories() throws {
        let run = try files.directory("run")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: run)
        expect(.directoryIsLoose(run, mode: 0o755), hint: "chmod 700 \(run)")

        try FileManager.default.removeItem(atPath: run)
        try FileManager.default.createSymbolicLink(atPath: run, withDestinationPath: try files.directory("real"))
        expect(.directoryIsSymbolicLink(run), hint: "ls -ld")

        try FileManager.default.removeItem(atPath: run)
        try files.file("run", "")
        expect(.notADirectory(run), hint: "ls -ld")

        let orphan = try SocketPath(files.path + "/no/such/agent.sock")
        #expect(throws: LocalSocketError.directoryMissing(files.path + "/no")) { try listen(orphan) }
    }

    @Test("a directory of another user is refused")
    func otherOwner() throws {
        var place = "/etc"
        var owner: UInt32 = 0
        if getuid() == 0 {
            // Root owns /etc, but can give another directory away.
            place = try files.directory("run")
            owner = 65_534
            #expect(chown(place, owner, owner) == 0)
        }
        let error = LocalSocketError.directoryHasOtherOwner(place, owner: owner)
        let path = try SocketPath(place + "/agent.sock")
        #expect(throws: error) { try listen(path) }
        #expect(error.hint.contains("AUTHAGENT_SOCK"))
    }

    @Test("a socket of an agent that has ended is replaced; a live one is not")
    func stale() throws {
        do { try listen(path) }
        #expect(throws: AgentClientError.notListening(path.text)) { try connect(path) }
        let living = try LocalSocket.listen(at: path.text)
        #expect(throws: LocalSocketError.inUse(path.text)) { try listen(path) }
        _ = living.raw
    }

    @Test("a file that is not a socket is never removed")
    func notASocket() throws {
        try files.directory("run")
        try files.file("run/agent.sock", "precious")
        #expect(throws: LocalSocketError.notASocket(path.text)) { try listen(path) }
        #expect(try String(contentsOfFile: path.text, encoding: .utf8) == "precious")
    }

    private func expect(_ expected: LocalSocketError, hint: String, _ location: SourceLocation = #_sourceLocation) {
        #expect(throws: expected, sourceLocation: location) { try listen(path) }
        #expect(expected.hint.contains(hint), sourceLocation: location)
    }

    // Descriptors cannot be copied, so they cannot be the value of an expectation.
    private func listen(_ path: SocketPath) throws { _ = try LocalSocket.listen(at: path.text).raw }
    private func connect(_ path: SocketPath) throws { _ = try AgentSocket(connectedTo: path) }
}

struct FileLockTests {
    @Test("a held lock is refused, with its holder's process id")
    func exclusive() throws {
        let files = try TemporaryDirectory()
        let path = files.path + "/agent.lock"
        do {
            let lock = try FileLock(path)
            #expect(throws: LocalSocketError.locked(path, pid: nil)) { try acquire(path) }
            lock.announce()
            #expect(throws: LocalSocketError.locked(path, pid: getpid())) { try acquire(path) }
            _ = consume lock
        }
        try acquire(path)
    }

    @Test("a lock is released when its holder is killed")
    func killed() async throws {
        let files = try TemporaryDirectory()
        let path = try files.file("agent.lock", "")
        let flock = try MissingProgram.require("flock", package: "util-linux")
        let holder = try ChildProcess(
            flock, [path, "sh", "-c", "echo held; cat"], environment: ChildProcess.programEnvironment, input: nil
        )
        #expect(await holder.line() == "held")
        #expect(throws: LocalSocketError.self) { try acquire(path) }
        // `flock` passes the lock to the program it starts, which ends with its input.
        holder.signal(SIGKILL)
        holder.closeInput()
        await eventually { (try? acquire(path)) != nil }
    }

    private func acquire(_ path: String) throws { _ = try FileLock(path) }
}

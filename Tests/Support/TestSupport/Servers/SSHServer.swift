import Foundation
import Testing

/// A real sshd(8) on loopback, with keys of its own, that lets root log in. Only root can start it.
public final class SSHServer: Sendable {
    public let port: Int
    private let files: TemporaryDirectory
    private let process: ChildProcess

    public init() async throws {
        let sshd = try MissingProgram.require("sshd", package: "openssh-server")
        let files = try TemporaryDirectory()
        let port = try ServerPort.free()
        (self.files, self.port) = (files, port)
        for key in ["host", "user"] { try await Self.makeKey(files.path + "/" + key) }
        try files.file("authorized", try String(contentsOfFile: files.path + "/user.pub", encoding: .utf8))
        let configuration = try files.file(
            "sshd_config",
            """
            ListenAddress 127.0.0.1
            Port \(port)
            HostKey \(files.path)/host
            AuthorizedKeysFile \(files.path)/authorized
            PidFile none
            AuthenticationMethods publickey
            PermitRootLogin prohibit-password
            PermitTTY no
            UsePAM no
            StrictModes no
            LogLevel VERBOSE

            """)
        process = try await Self.start(sshd, ["-D", "-e", "-f", configuration])
        await eventually("sshd does not listen: \(process.errorsSoFar)") {
            self.process.errorsSoFar.contains("Server listening on 127.0.0.1") || !self.process.isRunning
        }
        try #require(process.isRunning, "sshd: \(process.errorsSoFar)")
    }

    deinit { process.signal(SIGTERM) }

    /// Runs ssh(1) with the options of a command line that a person would type, until `end`.
    ///
    /// Waits until the forward works, which ssh says before it forwards.
    public func connect(_ options: [String]) async throws -> ChildProcess {
        let ssh = try MissingProgram.require("ssh", package: "openssh-client")
        let settings = [
            "IdentityFile=\(files.path)/user", "IdentitiesOnly=yes", "UserKnownHostsFile=\(files.path)/known",
            "StrictHostKeyChecking=accept-new", "ExitOnForwardFailure=yes", "BatchMode=yes", "LogLevel=DEBUG1",
        ]
        let client = try ChildProcess(
            ssh, ["-F", "none", "-N"] + settings.flatMap { ["-o", $0] } + options,
            environment: ChildProcess.programEnvironment, input: nil)
        await eventually("ssh does not forward: \(client.errorsSoFar)\(process.errorsSoFar)") {
            client.errorsSoFar.contains("Entering interactive session") || !client.isRunning
        }
        try #require(client.isRunning, "ssh: \(client.errorsSoFar)\nsshd: \(process.errorsSoFar)")
        return client
    }

    private static func makeKey(_ path: String) async throws {
        let program = try MissingProgram.require("ssh-keygen", package: "openssh-client")
        let result = try await ChildProcess.run(program, ["-q", "-t", "ed25519", "-N", "", "-f", path])
        try #require(result.status == 0, "ssh-keygen: \(result.errors)")
    }

    /// It needs /run/sshd, which its package's service makes: here it is in a mount namespace.
    private static func start(_ sshd: String, _ arguments: [String]) async throws -> ChildProcess {
        let script = "mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd && exec \"$@\""
        let command = try await MountNamespace.command() + ["sh", "-c", script, "sh", sshd] + arguments
        return try ChildProcess(
            command[0], Array(command.dropFirst()), environment: ChildProcess.programEnvironment, input: nil)
    }
}

internal import AgentAPI
internal import AuthagentClient
internal import Configuration
internal import Doctor
internal import Glibc
internal import HookRunner
internal import Sandbox
internal import SecretMemory
internal import SinkFiles
internal import System

/// What an agent that serves does first, while it has one thread: it reads its settings, and gives up what it does not
/// need.
struct ServingStart: Sendable {
    let environment: [String: String]
    let paths: UserPaths
    let settings: DaemonSettings
    let keyringHelper: String
    let sandbox: Sandbox
    let spawner: ProgramSpawner

    init(_ environment: [String: String], auditFile: String?, spawner: ProgramSpawner) throws {
        guard let paths = UserPaths(environment: environment) else { throw StartFailure.homeMissing }
        // First: with another user's environment, no file or directory may be created.
        try OwnedPaths.require(OwnedPaths.of(environment, socket: nil, state: paths.state))
        settings = try DaemonSettings.load(paths)
        keyringHelper = try Installation.keyringHelper()
        try PrivateDirectory.prepareTree(paths.state)
        self.environment = environment
        self.spawner = spawner
        self.paths = paths
        let files = FileAccess.agent(paths, settings, environment, auditFile: auditFile ?? settings.auditFile)
        sandbox = Sandbox.enter(.agent(helper: keyringHelper, files: files))
    }

    /// What the kernel enforces now.
    var protection: SecurityFacts {
        let files: FileSandbox =
            switch (sandbox.report.files.reason, sandbox.report.landlockVersion) {
            case (nil, let version?): .landlock(version: version)
            case (let reason, _): .none(reason ?? "it is not in force")
            }
        var facts = SecurityFacts.ofProcess(files, areSecretsLocked: ProcessProtection.canLockSecrets())
        facts.executesOnlyHelper = sandbox.report.execution.isApplied
        facts.spawnerFault = spawner.fault
        return facts
    }
}

extension FileAccess {
    /// The places of an agent's files. Those that are missing are made where the agent would make them later, because no
    /// rule can name what is not there.
    fileprivate static func agent(
        _ paths: UserPaths, _ settings: DaemonSettings, _ environment: [String: String], auditFile: String?
    ) -> FileAccess {
        var access = FileAccess(directories: [paths.state, paths.configuration], places: ["/"])
        // A login reports why it cannot write its account's file.
        try? TrustedFile.makeDirectory(paths.configuration + "/accounts")
        // The files of an agent that was killed go, too, also if no sink has them any more.
        let sinks = settings.sinks.inForce.map(\.path) + TokenFiles(paths).recorded().keys
        let sinkPlaces = Set(sinks.map(PrivateDirectory.parent(of:)))
        // 'authagent sink add' may need it at any time. Elsewhere its parent is another agent's, or systemd creates it.
        let isOwn = environment["XDG_RUNTIME_DIR"]?.hasPrefix("/") == true
        if isOwn || sinkPlaces.contains(paths.sinks) { _ = try? TrustedFile.place(paths.sinks, creating: true) }
        access.directories.append(paths.sinks)
        access.distant += sinkPlaces.sorted()
        if let auditFile { access.distant.append(PrivateDirectory.parent(of: auditFile)) }
        let inherited = (try? LocalSocket.inherited(environment: environment)) ?? []
        if inherited.isEmpty, let socket = try? SocketPath.resolve(environment: environment, user: getuid()) {
            // Its error comes with the socket, after the lock, by which a client waits for an agent that runs. With a group
            // a first attempt that fails would change what the second one finds.
            if settings.socketGroup == nil { try? PrivateDirectory.prepare(socket.directory) }
            access.directories.append(socket.directory)
        }
        return access
    }
}

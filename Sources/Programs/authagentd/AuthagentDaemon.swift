internal import Agent
internal import AgentAPI
internal import AgentServer
internal import ArgumentParser
internal import Audit
internal import CEarlyProtection
internal import CQuietDispatch
internal import CWipingHeap
internal import Configuration
internal import Dispatch
internal import Doctor
internal import Glibc
internal import HookRunner
internal import KeyringStore
internal import Logging
internal import PeerIdentity
internal import Policy
internal import QRCode
internal import RedirectListener
internal import Sandbox
internal import SealedStorage
internal import SecretMemory
internal import ServiceLifecycle
internal import SinkFiles
internal import System
internal import UnixSignals
internal import Vault

/// The composition root: creates all parts and connects them. It has no behaviour of its own.
@main
struct AuthagentDaemon: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authagentd",
        abstract: "Own OAuth tokens and serve fresh access tokens over a Unix socket.",
        discussion: """
            Usually started by 'authagent' itself or by the systemd user unit authagent.socket. It stays in the \
            foreground. SIGTERM ends it after the refreshes in progress; SIGHUP reads the configuration again.
            """,
        version: LibraryVersions.text(CommandLine.arguments.dropFirst())
    )

    @Option(help: ArgumentHelp("Write 'ready' or an error to this descriptor.", valueName: "fd"))
    var readyFd: Int32?

    @Option(help: "trace, debug, info, notice, warning, error or critical (default: from authagent.toml).")
    var logLevel: String?

    @Option(help: "text or json (default: from authagent.toml).")
    var logFormat: String?

    @Option(
        help: ArgumentHelp("Append each decision to this file (default: from authagent.toml).", valueName: "path"))
    var auditFile: String?

    @Flag(help: "Start only if the kernel enforces all protection of the agent's process.")
    var strict = false

    @Flag(help: "Check what an agent needs, print one JSON object, and exit. Changes nothing.")
    var doctor = false

    @Flag(help: "Print the provider presets as one JSON object, and exit.")
    var providers = false

    @Option(
        help: ArgumentHelp(
            "Test the rules of authagent.toml against this file, print one JSON object, and exit.",
            valueName: "file"))
    var policyTest: String?

    @OptionGroup var files: ConfigurationQuery

    func validate() throws {
        if let logLevel, LogLevel(rawValue: logLevel) == nil {
            throw ValidationError(Self.unknown("--log-level", LogLevel.self))
        }
        if let logFormat, LogFormat(rawValue: logFormat) == nil {
            throw ValidationError(Self.unknown("--log-format", LogFormat.self))
        }
        if let auditFile, !auditFile.hasPrefix("/") { throw ValidationError("--audit-file must be an absolute path") }
    }

    private static func unknown<Choice: CaseIterable & RawRepresentable<String>>(
        _ option: String, _ choices: Choice.Type
    ) -> String {
        "\(option) must be one of: " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// Synchronous, because the sandbox is entered before there is a second thread.
    func run() throws {
        early_protection()
        wiping_heap()
        ProcessProtection.apply()
        LeakyVariables.forget()
        quiet_dispatch()
        signal(SIGPIPE, SIG_IGN)
        // First in an agent: it must have none of what follows. What is answered without an agent runs no program.
        let spawner = providers || policyTest != nil || doctor || files.isAsked ? nil : ProgramSpawner.fork()
        let environment = processEnvironment()
        if providers { return Self.put(ProviderList.known) }
        if files.answer(environment) { return }
        if let policyTest { return Self.put(Self.test(policyTest, environment)) }
        if doctor {
            // Unstructured task: the program's only one, which ends it.
            Task { await Self.examine(environment) }
            dispatchMain()
        }
        let readiness = Readiness(descriptor: readyFd, environment: environment)
        let start: ServingStart
        do {
            start = try ServingStart(environment, auditFile: auditFile, spawner: spawner ?? .absent)
            if strict || start.settings.isStrict { try MissingProtection.require(start.protection) }
        } catch { throw failure(error, readiness) }
        // Unstructured task: the program's only one, which ends it.
        Task {
            do { try await serve(start, readiness) } catch { Self.exit(withError: failure(error, readiness)) }
            Self.exit()
        }
        dispatchMain()
    }

    private func failure(_ error: any Error, _ readiness: Readiness) -> ArgumentParser.ExitCode {
        let failure = StartFailure(error)
        readiness.failed(failure)
        failure.print()
        return .failure
    }

    private func serve(_ start: ServingStart, _ readiness: Readiness) async throws {
        let (environment, paths, settings) = (start.environment, start.paths, start.settings)
        let spawner = start.spawner
        let log = LogOutput(
            level: level(settings), format: format(settings), ownFile: paths.log, environment: environment)
        defer { log.flush() }
        let audit = AuditTrail(owner: getuid(), logger: log.logger) { log.log($0) }
        defer { audit.flush(within: .seconds(1)) }
        try audit.open(auditFile ?? settings.auditFile)

        // Before the socket: only the holder of the lock may remove the socket that a dead daemon left.
        let lock = try FileLock(paths.lock)
        // Before the lock file names this process: until then, a signal would kill the starting agent.
        let ends = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        lock.announce()
        let sockets = try ListeningSockets.open(environment: environment, group: settings.socketGroup)

        let network = ReloadableTransport(settings.network)
        let writable = WritableDirectories(start.sandbox)
        let hooks = HookPrograms(settings.hooks)
        let programs = SpawnerLists(spawner, logger: log.logger)
        try await programs.read(settings)
        let rules = CurrentRules(settings.accessRules(owner: getuid()))
        let time = SystemTime()
        let journal = try SealedJournal(path: paths.journal)
        let keyring = KeyringStore(helper: start.keyringHelper, environment: environment)
        let sealed = SealedStore(
            path: paths.sealed, credentialsDirectory: environment["CREDENTIALS_DIRECTORY"], time: time,
            warn: { log.logger.warning("sealed store", metadata: ["problem": "\($0)"]) }
        )
        let doctor = Doctor(
            Doctor.Parts(
                paths: paths, environment: environment, keyring: .success(keyring), sealed: sealed,
                journal: { () throws(Fault) in try SealedJournal.survey(paths.journal) },
                transport: network, time: time, isAgent: true, spawner: { spawner.fault }
            )
        )
        let sinks = CurrentSinks(settings.sinks)
        let credentials = CredentialRules(settings.credentials)
        let agent = Agent(
            Agent.Parts(
                directory: AccountDirectory(paths),
                stores: StoreSet(keyring: keyring, sealed: sealed, journal: journal, time: time),
                transport: network,
                time: time,
                jitter: { Double.random(in: 0...1) },
                drawQRCode: { QRCode.lines(for: $0) },
                reloadSettings: { () async throws(ConfigurationError) in
                    let additions = sinks.additions
                    let settings = try DaemonSettings.load(paths)
                    try SinkPlace.requireSafe(settings.sinks.configured)
                    try writable.require(
                        settings, auditFile: auditFile ?? settings.auditFile, besides: sinks.configured)
                    try await programs.read(settings)
                    // What can fail comes first, so that a failed reload changes nothing.
                    do throws(AuditFileFailure) { try audit.open(auditFile ?? settings.auditFile) } catch {
                        throw ConfigurationError(file: error.path, problem: error.problem, hint: error.hint)
                    }
                    network.apply(settings.network)
                    rules.replace(settings.accessRules(owner: getuid()))
                    hooks.replace(settings.hooks)
                    sinks.replace(settings.sinks, readAfter: additions)
                    programs.retire(before: settings)
                    credentials.replace(settings.credentials)
                    log.apply(level: level(settings))
                },
                examine: { await doctor.report(states: $0) },
                socket: sockets.path,
                processID: getpid(),
                logger: log.logger,
                environment: environment,
                // Each runs one program at a time, so none waits for another's.
                hooks: HookParts(
                    programs: hooks, runner: HookRunner(spawner), owner: getuid(),
                    confirmations: { HookRunner(spawner) }),
                notices: NoticeFile(path: paths.notices),
                renewals: RenewalFile(path: paths.renewals),
                sinks: SinkParts(
                    current: sinks, files: TokenFiles(paths, mayWrite: writable.allows), programs: HookRunner(spawner),
                    added: AddedSinks(paths),
                    readPrograms: { await programs.read(added: $0) }),
                redirectListeners: RedirectListeners(),
                reopenFiles: {
                    log.reopen()
                    audit.reopen()
                },
                examineSecurity: { await doctor.security(start.protection) }
            )
        )
        let accountable: @Sendable (UInt32) -> UInt32 = { rules.current.counted($0) }
        let (digests, recent) = (
            ExecutableDigests(accountable: accountable), RecentProcesses(sharesPins: sockets.descriptors.count == 1)
        )
        let access = Access(
            rules: rules, audit: audit, accountable: accountable,
            peer: { try PeerProcess(socket: $0, digests: digests, recent: recent) },
            process: { PeerProcess(pid: $0, digests: digests) },
            users: SystemUsers()
        )
        let server = AgentServer(
            listeners: sockets.descriptors,
            replacements: sockets.own.map {
                SocketKeeper.keep($0, group: sockets.group, logger: log.logger)
            } ?? AsyncStream { $0.finish() },
            sharesListeners: sockets.own == nil, service: agent, access: access, metrics: [agent, ProcessMetrics()],
            logger: log.logger
        )
        let credentialServer = CredentialServer(
            listeners: sockets.credentials, service: agent, access: access, rules: credentials, logger: log.logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // They stop in reverse order: watchdog notifications, then requests, then refreshes.
                services: [
                    .init(service: agent),
                    .init(service: credentialServer),
                    .init(service: server),
                    .init(
                        service: Supervision(
                            agent: agent, readiness: readiness, environment: environment, hangups: hangups)),
                ],
                // No log: the group would print its services in full, including the environment.
                logger: Logger(label: "authagentd") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        if !ProcessProtection.canLockSecrets() {
            log.logger.warning("secrets may be swapped to disk: raise the limit of locked memory (ulimit -l)")
        }
        start.sandbox.report.log(to: log.logger)
        log.logger.info("serving", metadata: ["socket": "\(sockets.path)", "version": "\(agentVersion)"])
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { for await _ in ends { await services.triggerGracefulShutdown() } }
            try await services.run()
            group.cancelAll()
        }
        _ = consume lock
    }

    private func level(_ settings: DaemonSettings) -> Logger.Level {
        let level = logLevel.flatMap(LogLevel.init) ?? settings.logLevel
        return Logger.Level(rawValue: level.rawValue) ?? .info
    }

    private func format(_ settings: DaemonSettings) -> LogFormat {
        logFormat.flatMap(LogFormat.init) ?? settings.logFormat
    }
}

internal import AgentAPI
internal import Configuration
internal import OAuth
internal import System
internal import Vault

/// One examination, which yields one or more checks.
struct Examination: Sendable {
    /// The result at a timeout.
    let late: DoctorCheck
    let run: @Sendable () async -> [DoctorCheck]
}

extension Doctor {
    /// Returns the examinations in reading order: what the others depend on first.
    func examinations(
        of accounts: AccountsOnDisk, _ states: [AccountName: AccountStatus.State]?,
        until deadline: ContinuousClock.Instant
    ) -> [Examination] {
        var all = [
            program, keyring(isNeeded: accounts.needKeyring), sealed(isNeeded: accounts.needSealed), machine, files,
            sinks, network,
        ]
        all += accounts.errors.map { name, error in
            Examination(late: Self.late(.accountFile)) { [.accountFile(name, refused: error)] }
        }
        all += accounts.settings.map { account($0, $1, conflict: accounts.conflicts[$0]) }
        all += accounts.settings.compactMap { proofs($0, $1) }
        all += accounts.settings.compactMap { sources($0, $1, accounts, states) }
        all += providers(of: accounts, until: deadline)
        all.append(journal(accounts.names))
        return all
    }

    private var program: Examination {
        Examination(late: Self.late(.agentProgram)) { [parts] in
            guard parts.isAgent else { return [] }
            return [RunningProgram().map(DoctorCheck.program), .hooks(parts.spawner())].compactMap(\.self)
        }
    }

    private func keyring(isNeeded: Bool) -> Examination {
        Examination(late: Self.late(.keyringState)) { [keyring = parts.keyring] in
            switch keyring {
            case .failure(let missing): [.keyringHelper(missing, isNeeded: isNeeded)]
            case .success(let store): DoctorCheck.keyring(await store.probe(), isNeeded: isNeeded)
            }
        }
    }

    private func sealed(isNeeded: Bool) -> Examination {
        Examination(late: Self.late(.sealedState)) { [parts] in
            let store = await parts.sealed.describe()
            return [DoctorCheck.sealed(store, isNeeded: isNeeded, isAgent: parts.isAgent)].compactMap(\.self)
        }
    }

    private var machine: Examination {
        Examination(late: Self.late(.systemdLinger)) { [parts] in
            await Self.blocking {
                [
                    .credential(CredentialFacts(parts.environment)),
                    .tpm(TPMFacts(parts.machine)),
                    .linger(LingerFacts(parts.machine)),
                ]
            }
        }
    }

    private var files: Examination {
        Examination(late: Self.late(.filesState)) { [paths = parts.paths, isAgent = parts.isAgent] in
            await Self.blocking {
                [
                    .settings(Result { () throws(ConfigurationError) in try DaemonSettings.load(paths) }),
                    .configuration(paths), .state(paths.state), isAgent ? nil : .lock(paths.lock),
                ].compactMap(\.self)
            }
        }
    }

    private var sinks: Examination {
        Examination(late: Self.late(.sinkPlace)) { [paths = parts.paths] in
            await Self.blocking {
                let settings = try? DaemonSettings.load(paths)
                guard let sinks = settings?.sinks else { return [] }
                return sinks.inForce.map { .sinkPlace($0, isOwn: $0.path.hasPrefix(paths.sinks + "/")) }
                    + sinks.broken.map(DoctorCheck.brokenSink)
            }
        }
    }

    private var network: Examination {
        Examination(late: Self.late(.networkProxy)) { [parts] in
            await Self.blocking {
                let facts = NetworkFacts(try? DaemonSettings.load(parts.paths).network, parts.environment)
                return [.proxy(facts)] + [DoctorCheck.certificates(facts)].compactMap(\.self)
            }
        }
    }

    private func account(
        _ name: AccountName, _ settings: AccountSettings, conflict: ConfigurationError?
    ) -> Examination {
        Examination(late: Self.late(.accountFile)) {
            await Self.blocking {
                let refusal = conflict.map { DoctorCheck.accountFile(name, refused: $0) }
                var checks = [refusal ?? .accountFile(name, settings)]
                if let file = settings.clientSecretFile {
                    var refusal: ConfigurationError?
                    do throws(ConfigurationError) { _ = try ClientSecretFile.read(file) } catch { refusal = error }
                    checks.append(.accountSecret(name, file, refused: refusal))
                }
                return checks
            }
        }
    }

    private func journal(_ accounts: Set<AccountName>) -> Examination {
        Examination(late: Self.late(.journalFiles)) { [parts] in
            await Self.blocking {
                do throws(Fault) {
                    return DoctorCheck.journal(
                        try parts.journal(), accounts: accounts, at: parts.time.wall, isAgent: parts.isAgent
                    )
                } catch {
                    return [.journalFiles(refused: error)]
                }
            }
        }
    }

    static func late(_ id: DoctorCheck.ID, _ detail: String? = nil) -> DoctorCheck {
        DoctorCheck(
            id, .problem, detail ?? "this check did not finish within \(patience.components.seconds) s",
            hint: "check for a hung disk or directory service with 'dmesg' and 'df'"
        )
    }

    /// Runs blocking calls off the cooperative pool: file systems and the user database may hang.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await BlockingQueue("authagent.doctor").run { () throws(Never) in body() }
    }

    /// Returns the result of `body`, or `late` at the deadline. Then `body` is cancelled but not awaited: a call that
    /// hangs in the kernel cannot be ended.
    func withDeadline<Value: Sendable>(
        _ deadline: ContinuousClock.Instant, ifLate late: Value, _ body: @escaping @Sendable () async -> Value
    ) async -> Value {
        let (results, result) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingOldest(1))
        // Unstructured tasks: a group would wait for a hung call.
        let work = Task { result.yield(await body()) }
        let alarm = Task { [time = parts.time] in
            try? await time.sleep(until: deadline)
            result.yield(late)
        }
        defer {
            work.cancel()
            alarm.cancel()
        }
        for await first in results { return first }
        return late
    }
}

internal import AgentAPI
internal import Configuration
internal import CurlTransport
internal import Doctor
internal import Glibc
internal import KeyringStore
internal import SealedStorage
internal import System
internal import Vault

extension AuthagentDaemon {
    /// What a running agent's doctor would find, in an environment that no agent starts in, perhaps: nothing is locked,
    /// opened or made.
    static func examine(_ environment: [String: String]) async {
        let report: DoctorReport
        if let paths = UserPaths(environment: environment) {
            report = await Doctor(parts(paths, environment)).report()
        } else {
            let failure = StartFailure.homeMissing
            report = DoctorReport([DoctorCheck(.filesConfiguration, .problem, failure.problem, hint: failure.hint)])
        }
        put(report)
        // At once: what hangs in a thread must not keep the process.
        exit(0)
    }

    /// On standard output, all of it; whoever reads it may go away.
    static func put(_ answer: some Encodable) {
        var rest = (APIJSON.encode(fixed: answer) + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func parts(_ paths: UserPaths, _ environment: [String: String]) -> Doctor.Parts {
        let keyring: Result<any CredentialStore, Fault>
        do throws(Installation.Incomplete) {
            keyring = .success(KeyringStore(helper: try Installation.keyringHelper(), environment: environment))
        } catch {
            keyring = .failure(Fault(error.description, hint: error.hint))
        }
        // Settings that are wrong are a check of their own, and the network is asked without them.
        let network = (try? DaemonSettings.load(paths))?.network ?? NetworkSettings()
        return Doctor.Parts(
            paths: paths, environment: environment, keyring: keyring,
            sealed: SealedStore(
                path: paths.sealed, credentialsDirectory: environment["CREDENTIALS_DIRECTORY"], time: SystemTime(),
                warn: { _ in }
            ),
            journal: { () throws(Fault) in try SealedJournal.survey(paths.journal) },
            transport: ReloadableTransport(network), time: SystemTime(), isAgent: false
        )
    }
}

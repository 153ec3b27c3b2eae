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
    /// Prints the doctor's report without an agent, also where none could start: locks, opens and creates nothing.
    static func examine(_ environment: [String: String]) async {
        let report: DoctorReport
        if let paths = UserPaths(environment: environment) {
            report = await Doctor(parts(paths, environment)).report()
        } else {
            let fault = StartFailure.homeMissing.fault
            report = DoctorReport([DoctorCheck(.filesConfiguration, .problem, fault.problem, hint: fault.hint)])
        }
        put(report)
        // A thread that hangs must not keep the process alive.
        exit(0)
    }

    /// Writes the whole answer as JSON to standard output. A reader that closes the pipe is not an error.
    static func put(_ answer: some Encodable) {
        let line = APIJSON.encode(fixed: answer) + [UInt8(ascii: "\n")]
        _ = line.withUnsafeBytes { SystemCall.writeAll($0, to: STDOUT_FILENO) }
    }

    private static func parts(_ paths: UserPaths, _ environment: [String: String]) -> Doctor.Parts {
        let keyring: Result<any CredentialStore, Fault>
        do throws(Fault) {
            keyring = .success(KeyringStore(helper: try Installation.keyringHelper(), environment: environment))
        } catch {
            keyring = .failure(error)
        }
        // Invalid settings are reported by their own check; the network checks then run with the defaults.
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

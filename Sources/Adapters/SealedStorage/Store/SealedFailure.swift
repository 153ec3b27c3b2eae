internal import AgentAPI
internal import System
internal import Vault

/// The reason why the sealed store cannot be used or an operation on it failed. All texts are made here.
enum SealedFailure: FaultError, Equatable, Sendable {
    case notInitialized
    case alreadyInitialized
    /// There are records, but no header with their key.
    case headerMissing(String)
    /// The path of `store.sealed`.
    case headerDamaged(String)
    case headerVersion(Int)
    /// The marks file is missing or was not written by the agent.
    case marksLost(String)
    case locked
    case noPassphraseNeeded
    case passphraseTooShort
    case wrongPassphrase
    case attemptPending
    case keyNotGiven
    case credentialMissing
    case keyFileMissing(String)
    case keyPathNotAbsolute(String)
    case keyTooShort(String, count: Int)
    /// The key is valid, but belongs to another store.
    case otherKey(String)
    case recordTooLarge
    /// A file of the largest possible generation exists.
    case generationsExhausted(String)
    case notReadBack(String)
    case noMemory
    case file(FileFailure)

    static let shortestPassphrase = 8

    /// Runs a file operation and wraps its failure.
    static func onDisk<Value>(_ body: () throws(FileFailure) -> Value) throws(SealedFailure) -> Value {
        do throws(FileFailure) { return try body() } catch { throw .file(error) }
    }

    var state: StoreState {
        switch self {
        case .notInitialized: .notInitialized
        case .locked: .locked
        default: .failed
        }
    }

    var fault: Fault {
        switch self {
        case .notInitialized: Fault("the sealed store does not exist yet", hint: Self.initHint)
        case .alreadyInitialized:
            Fault(
                "the sealed store already exists",
                hint: "run 'authagent store status' to see it, 'authagent store rekey' to change its key")
        case .headerMissing(let path):
            Fault(
                "\(path) is missing; the sealed records beside it cannot be opened without it",
                hint: Self.restoreHint(path))
        case .headerDamaged(let path):
            Fault("the sealed store's file \(path) is damaged", hint: Self.restoreHint(path))
        case .headerVersion(let version):
            Fault(
                "the sealed store has version \(version), which this agent does not support",
                hint: "install the version of authagent that wrote it")
        case .marksLost(let path):
            Fault(
                "\(path) is missing or damaged; without it, the agent cannot tell whether a record is the newest",
                hint: "restore \(path) from a backup, or run 'authagent store rekey' to continue with the existing"
                    + " records")
        case .locked:
            Fault(
                "the sealed store is locked: its passphrase has not been entered since the agent started",
                hint: Self.unlockHint)
        case .noPassphraseNeeded:
            Fault(
                "the sealed store has no passphrase: it unlocks itself",
                hint: "run 'authagent store status' to see its state")
        case .passphraseTooShort:
            Fault(
                "the passphrase has fewer than \(Self.shortestPassphrase) characters",
                hint: "choose a longer passphrase")
        case .wrongPassphrase: Fault("the passphrase is wrong", hint: Self.unlockHint)
        case .attemptPending:
            Fault("other passphrases are being checked", hint: "run 'authagent unlock' again in a minute")
        case .keyNotGiven:
            Fault(
                "no key is given for the sealed store, and there is no systemd credential 'authagent-key'",
                hint: Self.initHint)
        case .credentialMissing:
            Fault(
                "the sealed store's key, the systemd credential 'authagent-key', is missing",
                hint: "add 'LoadCredential=authagent-key:FILE' to the service, and start the agent with systemctl")
        case .keyFileMissing(let path):
            Fault(
                "the key file \(path) does not exist",
                hint: "put the key there; for a new store only, run '(umask 077; set -C; head -c 32 /dev/urandom"
                    + " >\(path))'")
        case .keyPathNotAbsolute(let path):
            Fault("the path of the key file is not absolute: \(path)", hint: "give a path that starts with /")
        case .keyTooShort(let path, let count):
            Fault(
                "the key in \(path) has \(count) bytes, fewer than 32",
                hint: "use a file that contains only a key of 32 or more random bytes")
        case .otherKey(let what):
            Fault(
                "\(what) is not the sealed store's key",
                hint: "use the key that the store was created with; 'authagent store status' shows which")
        case .recordTooLarge:
            Fault("the login is too large for the sealed store", hint: "request fewer scopes")
        case .generationsExhausted(let path):
            Fault(
                "\(path) has the largest generation that a record can have",
                hint: "run 'mv \(path) \(path).old', and log in again")
        case .notReadBack(let path):
            Fault(
                "\(path) was written but cannot be read back",
                hint: "check the disk of \(Self.directory(of: path)), then try again")
        case .noMemory:
            Fault(
                "there is not enough memory to check a passphrase",
                hint: "free some memory, then run 'authagent unlock'")
        case .file(let failure): failure.fault
        }
    }

    private static let initHint = "run 'authagent store init --passphrase', or 'authagent store init --key-file FILE'"
    private static let unlockHint = "run 'authagent unlock'"

    private static func restoreHint(_ path: String) -> String {
        "restore \(path) from a backup, or run 'mv \(directory(of: path)) \(directory(of: path)).damaged'"
            + " and log in again"
    }

    private static func directory(of path: String) -> Substring { path[..<(path.lastIndex(of: "/") ?? path.endIndex)] }

    var storeFailure: StoreFailure { StoreFailure(state, fault.problem, hint: fault.hint) }

    /// The failure as the reply to an operation on the store itself.
    var keyedStoreFailure: KeyedStoreFailure {
        switch self {
        case .wrongPassphrase: .wrongPassphrase(detail: fault.problem, hint: fault.hint)
        case .attemptPending: .busy(detail: fault.problem, hint: fault.hint)
        case .alreadyInitialized, .noPassphraseNeeded, .passphraseTooShort, .keyNotGiven, .credentialMissing,
            .keyFileMissing, .keyPathNotAbsolute, .keyTooShort:
            .refused(detail: fault.problem, hint: fault.hint)
        default: .store(storeFailure)
        }
    }
}

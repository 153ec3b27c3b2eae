internal import AgentAPI
internal import Vault

/// The reason why the sealed store cannot be used or an operation on it failed. All texts are made here.
enum SealedFailure: Error, Equatable, Sendable {
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

    var detail: String {
        switch self {
        case .notInitialized: "the sealed store does not exist yet"
        case .alreadyInitialized: "the sealed store already exists"
        case .headerMissing(let path): "\(path) is missing; the sealed records beside it cannot be opened without it"
        case .headerDamaged(let path): "the sealed store's file \(path) is damaged"
        case .headerVersion(let version): "the sealed store has version \(version), which this agent does not support"
        case .marksLost(let path):
            "\(path) is missing or damaged; without it, the agent cannot tell whether a record is the newest"
        case .locked: "the sealed store is locked: its passphrase has not been entered since the agent started"
        case .noPassphraseNeeded: "the sealed store has no passphrase: it unlocks itself"
        case .passphraseTooShort: "the passphrase has fewer than \(Self.shortestPassphrase) characters"
        case .wrongPassphrase: "the passphrase is wrong"
        case .attemptPending: "other passphrases are being checked"
        case .keyNotGiven: "no key is given for the sealed store, and there is no systemd credential 'authagent-key'"
        case .credentialMissing: "the sealed store's key, the systemd credential 'authagent-key', is missing"
        case .keyFileMissing(let path): "the key file \(path) does not exist"
        case .keyPathNotAbsolute(let path): "the path of the key file is not absolute: \(path)"
        case .keyTooShort(let path, let count): "the key in \(path) has \(count) bytes, fewer than 32"
        case .otherKey(let what): "\(what) is not the sealed store's key"
        case .recordTooLarge: "the login is too large for the sealed store"
        case .generationsExhausted(let path): "\(path) has the largest generation that a record can have"
        case .notReadBack(let path): "\(path) was written but cannot be read back"
        case .noMemory: "there is not enough memory to check a passphrase"
        case .file(let failure): failure.description
        }
    }

    var hint: String {
        switch self {
        case .notInitialized, .keyNotGiven:
            "run 'authagent store init --passphrase', or 'authagent store init --key-file FILE'"
        case .alreadyInitialized: "run 'authagent store status' to see it, 'authagent store rekey' to change its key"
        case .headerMissing(let path), .headerDamaged(let path):
            "restore \(path) from a backup, or run 'mv \(Self.directory(of: path)) \(Self.directory(of: path)).damaged'"
                + " and log in again"
        case .notReadBack(let path): "check the disk of \(Self.directory(of: path)), then try again"
        case .marksLost(let path):
            "restore \(path) from a backup, or run 'authagent store rekey' to continue with the existing records"
        case .headerVersion: "install the version of authagent that wrote it"
        case .locked, .wrongPassphrase: "run 'authagent unlock'"
        case .noPassphraseNeeded: "run 'authagent store status' to see its state"
        case .passphraseTooShort: "choose a longer passphrase"
        case .attemptPending: "run 'authagent unlock' again in a minute"
        case .credentialMissing:
            "add 'LoadCredential=authagent-key:FILE' to the service, and start the agent with systemctl"
        case .keyTooShort: "use a file that contains only a key of 32 or more random bytes"
        case .keyFileMissing(let path):
            "put the key there; for a new store only, run '(umask 077; set -C; head -c 32 /dev/urandom >\(path))'"
        case .keyPathNotAbsolute: "give a path that starts with /"
        case .otherKey: "use the key that the store was created with; 'authagent store status' shows which"
        case .recordTooLarge: "request fewer scopes"
        case .generationsExhausted(let path): "run 'mv \(path) \(path).old', and log in again"
        case .noMemory: "free some memory, then run 'authagent unlock'"
        case .file(let failure): failure.hint
        }
    }

    private static func directory(of path: String) -> Substring { path[..<(path.lastIndex(of: "/") ?? path.endIndex)] }

    var storeFailure: StoreFailure { StoreFailure(state, detail, hint: hint) }

    /// The failure as the reply to an operation on the store itself.
    var keyedStoreFailure: KeyedStoreFailure {
        switch self {
        case .wrongPassphrase: .wrongPassphrase(detail: detail, hint: hint)
        case .attemptPending: .busy(detail: detail, hint: hint)
        case .alreadyInitialized, .noPassphraseNeeded, .passphraseTooShort, .keyNotGiven, .credentialMissing,
            .keyFileMissing, .keyPathNotAbsolute, .keyTooShort:
            .refused(detail: detail, hint: hint)
        default: .store(storeFailure)
        }
    }
}

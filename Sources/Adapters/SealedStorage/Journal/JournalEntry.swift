internal import AgentAPI
internal import Crypto
internal import SecretMemory
internal import Vault

/// A file of the journal, as described by its name.
struct JournalEntry: Hashable, Sendable {
    enum Kind: String {
        case intent
        case rotated
        case ended
    }

    let kind: Kind
    let account: AccountName
    let generation: UInt64

    init(_ kind: Kind, of credential: Credential) {
        self.kind = kind
        account = credential.account
        generation = credential.generation
    }

    /// Account names never contain a tilde.
    var fileName: String { "\(account)~\(generation).\(kind.rawValue)" }

    /// `nil` if the file does not belong to the journal.
    init?(fileName: String) {
        guard let tilde = fileName.lastIndex(of: "~"), let account = AccountName(fileName[..<tilde]) else { return nil }
        let rest = fileName[fileName.index(after: tilde)...].split(separator: ".", omittingEmptySubsequences: false)
        guard rest.count == 2, let generation = UInt64(rest[0]), let kind = Kind(rawValue: String(rest[1])) else {
            return nil
        }
        self.kind = kind
        self.account = account
        self.generation = generation
        guard self.fileName == fileName else { return nil }
    }

    var label: Label {
        Label(purpose: "authagent journal \(kind.rawValue)", name: account.description, generation: generation)
    }
}

extension Credential {
    var sealingKey: SealingKey? { journalKey.flatMap { SealingKey($0) } }

    /// The content of an intent: a hash, enough to recognize the refresh token.
    var tokenHash: SecretBytes {
        var hash = SHA256()
        refreshToken?.withBytes { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize().withUnsafeBytes { SecretBytes($0) }
    }
}

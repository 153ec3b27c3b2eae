internal import AgentAPI
internal import FoundationEssentials

/// The file `store.sealed`: the store's master key, sealed with a key from outside, and the origin of that key.
///
/// Records are sealed with the master key, so that a new passphrase changes this file only.
struct StoreHeader: Equatable, Sendable {
    static let fileName = "store.sealed"
    static let limit = 16 * 1024

    /// The bytes on the disk, to detect a changed file.
    let bytes: [UInt8]
    /// The file's path, for messages.
    private let path: String
    private let fields: Fields

    /// Version 1 had no marks. The version is bound to the key, so it cannot be lowered.
    private static let version = 2
    private static let versions = 1...version
    private var label: String { fields.version == 1 ? "store key" : Self.label }
    private static let label = "store key 2"

    private struct Fields: Codable, Equatable, Sendable {
        var version: Int
        var generation: UInt64
        var source: StoreKeySource
        var file: String?
        var scrypt: ScryptParameters?
        /// The envelope around the master key.
        var key: Data

        enum CodingKeys: String, CodingKey {
            case version, generation
            case source = "key_source"
            case file = "key_file"
            case scrypt, key
        }
    }

    /// Seals `master` with `key`, which is derived from `origin`.
    init(_ master: SealingKey, with key: SealingKey, from origin: KeyOrigin, generation: UInt64, at path: String) {
        self.path = path
        let source = origin.source
        fields = Fields(
            version: Self.version, generation: generation, source: source, file: origin.file, scrypt: origin.scrypt,
            key: Data(
                Envelope.seal(
                    master.material,
                    as: Label(purpose: Self.label, name: source.rawValue, generation: generation), with: key
                ))
        )
        bytes = APIJSON.encode(fixed: fields) + [10]
    }

    init(parsing bytes: [UInt8], at path: String) throws(SealedFailure) {
        guard let fields = try? APIJSON.decode(Fields.self, from: bytes) else { throw .headerDamaged(path) }
        guard Self.versions.contains(fields.version) else { throw .headerVersion(fields.version) }
        let isComplete =
            switch fields.source {
            case .credential: fields.file == nil && fields.scrypt == nil
            case .file: fields.file?.hasPrefix("/") == true && fields.scrypt == nil
            case .passphrase: fields.file == nil && fields.scrypt?.isAcceptable == true
            }
        guard isComplete, fields.generation < UInt64(Int64.max) else { throw .headerDamaged(path) }
        self.path = path
        self.bytes = bytes
        self.fields = fields
    }

    var generation: UInt64 { fields.generation }

    /// Whether the store was created with a marks file.
    var hasMarks: Bool { fields.version > 1 }

    var origin: KeyOrigin {
        switch (fields.source, fields.file, fields.scrypt) {
        case (.file, let file?, _): .file(file)
        case (.passphrase, _, let scrypt?): .passphrase(scrypt)
        default: .credential
        }
    }

    /// Returns the master key.
    func open(with key: SealingKey) throws(SealedFailure) -> SealingKey {
        let name = fields.source.rawValue
        do throws(EnvelopeFailure) {
            let opened = try Envelope.open(Array(fields.key), purpose: label, name: name, with: key)
            guard opened.generation == fields.generation, let master = SealingKey(opened.content) else {
                throw .damaged
            }
            return master
        } catch {
            switch (error, origin) {
            case (.otherKey, .passphrase): throw .wrongPassphrase
            case (.otherKey, .file(let path)): throw .otherKey("the key file \(path)")
            case (.otherKey, .credential): throw .otherKey("the systemd credential 'authagent-key'")
            default: throw .headerDamaged(path)
            }
        }
    }
}

/// The source of the key that opens a header.
enum KeyOrigin: Equatable, Sendable {
    case credential
    case file(String)
    case passphrase(ScryptParameters)

    var source: StoreKeySource {
        switch self {
        case .credential: .credential
        case .file: .file
        case .passphrase: .passphrase
        }
    }

    var file: String? { if case .file(let path) = self { path } else { nil } }
    var scrypt: ScryptParameters? { if case .passphrase(let scrypt) = self { scrypt } else { nil } }
}

internal import FoundationEssentials
public import SecretMemory

/// What the daemon asks the keyring helper, as one JSON object in a frame on its standard input.
public enum KeyringJob: Codable, Equatable, Sendable {
    case probe
    case load
    case save(KeyringRecord)
    case remove(account: String, purpose: String)
}

/// One item of the keyring. `secret` is opaque here; in JSON it is base64.
public struct KeyringRecord: Equatable, Sendable {
    public var account: String
    public var purpose: String
    public var issuer: String
    public var secret: WipedBytes

    public init(account: String, purpose: String, issuer: String, secret: some Collection<UInt8>) {
        self.account = account
        self.purpose = purpose
        self.issuer = issuer
        self.secret = WipedBytes(secret)
    }
}

extension KeyringRecord: Codable {
    private enum CodingKeys: String, CodingKey { case account, purpose, issuer, secret }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            account: try container.decode(String.self, forKey: .account),
            purpose: try container.decode(String.self, forKey: .purpose),
            issuer: try container.decode(String.self, forKey: .issuer),
            secret: try container.decode(Data.self, forKey: .secret)
        )
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(account, forKey: .account)
        try container.encode(purpose, forKey: .purpose)
        try container.encode(issuer, forKey: .issuer)
        try container.encode(Data(secret), forKey: .secret)
    }
}

/// What the helper answers, as one JSON object in a frame on its standard output.
public struct KeyringReply: Codable, Equatable, Sendable {
    public var state: State
    /// For people: lowercase, no full stop, no secret.
    public var detail: String?
    /// The answer to `load`.
    public var records: [KeyringRecord]?
    /// Whether there is a default collection; nil when that could not be asked.
    public var hasCollection: Bool?

    public enum State: String, Codable, Sendable {
        case ok, locked
        case noProvider = "no_provider"
        case noBus = "no_bus"
        case failed
    }

    public init(
        state: State, detail: String? = nil, records: [KeyringRecord]? = nil, hasCollection: Bool? = nil
    ) {
        self.state = state
        self.detail = detail
        self.records = records
        self.hasCollection = hasCollection
    }
}

/// The helper reads and writes no more than this, in bytes: a thousand accounts with large tokens.
public enum KeyringLimits {
    public static let message = 32 * 1024 * 1024
}

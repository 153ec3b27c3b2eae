internal import FoundationEssentials
public import SecretMemory

/// What the daemon asks the keyring helper, as one JSON object in a frame on its standard input.
public enum KeyringJob: Codable, Equatable, Sendable {
    case probe
    case load
    case save(KeyringRecord)
    case remove(account: String, purpose: String)
    /// Writes an item of the old form in the new one, with what it has. Nothing to do is not a failure.
    case renew(account: String, purpose: String)
}

/// One item of the keyring. `secret` is opaque here; in JSON it is base64.
public struct KeyringRecord: Equatable, Sendable {
    public var account: String
    public var purpose: String
    public var issuer: String
    public var secret: WipedBytes
    /// The keyring is open, and keeps this item from the agent all the same; `secret` is empty then.
    public var isLocked = false
    /// The keyring did not give its secret, though it is not locked; `secret` is empty then.
    public var isWithoutSecret = false
    /// Written by an agent that did not encode secrets (`SecretEncoding`).
    public var isOldForm = false

    /// As a person sees it in a keyring manager.
    public var label: String {
        "authagent: \(account) (\(issuer))\(purpose == "login" ? "" : ", to be revoked")"
    }

    public init(account: String, purpose: String, issuer: String, secret: some Collection<UInt8>) {
        self.account = account
        self.purpose = purpose
        self.issuer = issuer
        self.secret = WipedBytes(secret)
    }
}

extension KeyringRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case account, purpose, issuer, secret
        case isLocked = "locked"
        case isWithoutSecret = "without_secret"
        case isOldForm = "old_form"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            account: try container.decode(String.self, forKey: .account),
            purpose: try container.decode(String.self, forKey: .purpose),
            issuer: try container.decode(String.self, forKey: .issuer),
            secret: try container.decode(Data.self, forKey: .secret)
        )
        isLocked = try container.decodeIfPresent(Bool.self, forKey: .isLocked) ?? false
        isWithoutSecret = try container.decodeIfPresent(Bool.self, forKey: .isWithoutSecret) ?? false
        isOldForm = try container.decodeIfPresent(Bool.self, forKey: .isOldForm) ?? false
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(account, forKey: .account)
        try container.encode(purpose, forKey: .purpose)
        try container.encode(issuer, forKey: .issuer)
        try container.encode(Data(secret), forKey: .secret)
        if isLocked { try container.encode(true, forKey: .isLocked) }
        if isWithoutSecret { try container.encode(true, forKey: .isWithoutSecret) }
        if isOldForm { try container.encode(true, forKey: .isOldForm) }
    }
}

/// What the helper answers, as one JSON object in a frame on its standard output.
public struct KeyringReply: Codable, Equatable, Sendable {
    public var state: State
    /// For people: lowercase, no full stop, no secret.
    public var detail: String?
    /// The answer to `load`.
    public var records: [KeyringRecord]?
    /// Whether there is a default collection; `nil` if that could not be asked.
    public var hasCollection: Bool?
    /// The program that provides the keyring, as the kernel names it; `nil` if there is none, or it cannot be seen.
    public var program: String?
    /// The label of the item that stands in the way, although the keyring is open.
    public var item: String?
    /// The helper waits for another job, because this keyring unlocks items for one client at a time.
    public var stays: Bool?

    public enum State: String, Codable, Sendable {
        case ok, locked
        case noProvider = "no_provider"
        case noBus = "no_bus"
        case failed
        /// Not the answer yet: `program` is asked. Sent at most once for a job.
        case asking
    }

    public init(
        state: State, detail: String? = nil, records: [KeyringRecord]? = nil, hasCollection: Bool? = nil,
        program: String? = nil, item: String? = nil
    ) {
        self.state = state
        self.detail = detail
        self.records = records
        self.hasCollection = hasCollection
        self.program = program
        self.item = item
    }
}

/// The helper reads and writes no more than this, in bytes: a thousand accounts with large tokens.
public enum KeyringLimits {
    public static let message = 32 * 1024 * 1024
}

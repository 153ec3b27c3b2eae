internal import FoundationEssentials
public import SecretMemory

/// A job for the keyring helper: one JSON object in a frame on its standard input.
public enum KeyringJob: Codable, Equatable, Sendable {
    case probe
    case load
    case save(KeyringRecord)
    case remove(account: String, purpose: String)
    /// Rewrites an item of the old form in the new one. Succeeds if there is nothing to do.
    case renew(account: String, purpose: String)
}

/// One keyring item. `secret` is opaque here, and base64 in JSON.
public struct KeyringRecord: Equatable, Sendable {
    public var account: String
    public var purpose: String
    public var issuer: String
    public var secret: WipedBytes
    /// The keyring is unlocked, but this item is not; `secret` is empty.
    public var isLocked = false
    /// The keyring returned no secret although the item is not locked; `secret` is empty.
    public var isWithoutSecret = false
    /// Written by an older agent that did not encode secrets (`SecretEncoding`).
    public var isOldForm = false

    /// The item's label in a keyring manager.
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

/// The helper's answer: one JSON object in a frame on its standard output.
public struct KeyringReply: Codable, Equatable, Sendable {
    public var state: State
    /// For the user: lowercase, no full stop, no secret.
    public var detail: String?
    /// The result of `load`.
    public var records: [KeyringRecord]?
    /// Whether a default collection exists; `nil` if unknown.
    public var hasCollection: Bool?
    /// The program that provides the keyring, as the kernel names it; `nil` if there is none or it is not visible.
    public var program: String?
    /// The label of the item that blocks the job although the keyring is unlocked.
    public var item: String?
    /// The helper waits for another job, because this keyring unlocks items for one client at a time.
    public var stays: Bool?

    public enum State: String, Codable, Sendable {
        case ok, locked
        case noProvider = "no_provider"
        case noBus = "no_bus"
        case failed
        /// An interim message: the helper is waiting for `program`. Sent at most once for a job.
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

/// The helper's message limits, in bytes: room for a thousand accounts with large tokens.
public enum KeyringLimits {
    public static let message = 32 * 1024 * 1024
}

/// The body of `POST /v1/lock`; an empty body is one without members.
public struct LockRequest: Codable, Equatable, Sendable {
    /// The passphrase for unlocking; `nil` if none is required, except that of the sealed store.
    public var passphrase: String?

    public init(passphrase: String? = nil) { self.passphrase = passphrase }
}

/// The reply of `POST /v1/lock`.
public struct LockReply: Codable, Equatable, Sendable {
    public var locked: Bool
    /// The paths of files that the agent could not remove, and that may still hold a token; `nil` if there are none.
    public var filesLeft: [String]?

    public init(locked: Bool, filesLeft: [String]? = nil) { (self.locked, self.filesLeft) = (locked, filesLeft) }

    enum CodingKeys: String, CodingKey {
        case locked
        case filesLeft = "files_left"
    }
}

/// The body of `POST /v1/unlock`; an empty body is one without members.
public struct UnlockRequest: Codable, Equatable, Sendable {
    public var passphrase: String?

    public init(passphrase: String? = nil) { self.passphrase = passphrase }
}

/// The reply of `POST /v1/unlock`.
public struct UnlockReply: Codable, Equatable, Sendable {
    public var unlocked: Bool

    public init(unlocked: Bool) { self.unlocked = unlocked }
}

extension Problem {
    /// The reason if an unlock request lacks its passphrase.
    public static let passphraseRequired = "passphrase_required"
}

/// The body of `POST /v1/lock`; an empty body is one without members.
public struct LockRequest: Codable, Equatable, Sendable {
    /// The passphrase for unlocking; `nil` if none is required, except that of the sealed store.
    public var passphrase: String?

    public init(passphrase: String? = nil) { self.passphrase = passphrase }
}

/// The reply of `POST /v1/lock`.
public struct LockReply: Codable, Equatable, Sendable {
    public var locked: Bool

    public init(locked: Bool) { self.locked = locked }
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

/// The body of `POST /v1/lock`; an empty body is one without members.
public struct LockRequest: Codable, Equatable, Sendable {
    /// What unlocking will ask for. Nil: nothing, unless the sealed store is kept by a passphrase.
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
    /// The reason of a refused unlocking that lacks its passphrase.
    public static let passphraseRequired = "passphrase_required"
}

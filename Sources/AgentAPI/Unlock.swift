/// The body of `POST /v1/unlock`.
public struct UnlockRequest: Codable, Equatable, Sendable {
    public var passphrase: String

    public init(passphrase: String) { self.passphrase = passphrase }
}

/// The reply of `POST /v1/unlock`.
public struct UnlockReply: Codable, Equatable, Sendable {
    public var unlocked: Bool

    public init(unlocked: Bool) { self.unlocked = unlocked }
}

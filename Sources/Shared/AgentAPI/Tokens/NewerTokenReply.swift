/// The reply to a token request with `newer_than`.
public enum NewerTokenReply: Equatable, Sendable {
    case newer(TokenReply, tag: String)
    /// The wait has ended without a newer token (304). The tag names the one that the client has.
    case same(tag: String)
}

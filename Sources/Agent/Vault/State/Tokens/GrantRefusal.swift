public import AgentAPI

/// The provider's refusal of a token to an account without a person. The same request may succeed later.
public struct GrantRefusal: Equatable, Sendable {
    public let grant: MachineGrant
    /// The code for a failure of the account from whose token this one is made.
    public static let sourceFailed = "subject_failed"

    /// The OAuth error; `nil` if the reply has none.
    public let code: String?
    /// The provider's words.
    public let detail: String

    public init(of grant: MachineGrant, code: String?, detail: String) {
        self.grant = grant
        self.code = code
        self.detail = detail
    }
}

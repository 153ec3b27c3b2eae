/// Whether and when the agent asks on the user's phone to renew a login that has ended (the key `renew`).
public struct RenewalStatus: Codable, Equatable, Sendable {
    public enum State: String, Codable, CaseIterable, Sendable {
        /// The login is valid; the agent asks once it has ended.
        case ready
        /// The question is on the phone.
        case pending
        /// The login has ended; the agent asks at `at`.
        case waiting
        /// The agent does not ask until a person runs `authagent login`.
        case stopped
    }

    public var state: State
    /// The next question, in seconds since 1970.
    public var at: Int?
    /// Why the agent does not ask, or the words that the phone shows.
    public var detail: String?

    public init(_ state: State, at: Int? = nil, detail: String? = nil) {
        self.state = state
        self.at = at
        self.detail = detail
    }
}

internal import KeyringProtocol

/// Why a job was not done.
struct KeyringFailure: Error, Equatable {
    var state: KeyringReply.State
    var detail: String
    /// `nil` if not known.
    var hasCollection: Bool?
    /// The label of the item that stands in the way.
    var item: String?

    static let agentIsGone = KeyringFailure(state: .failed, detail: "the agent is gone")
}

internal import KeyringProtocol

/// The reason why a job failed.
struct KeyringFailure: Error, Equatable {
    var state: KeyringReply.State
    var detail: String
    /// `nil` if it is not known.
    var hasCollection: Bool?
    /// The label of the item that prevents the job.
    var item: String?

    static let agentIsGone = KeyringFailure(state: .failed, detail: "the agent has ended")
}

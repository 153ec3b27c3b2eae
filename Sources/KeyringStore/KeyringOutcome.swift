internal import AgentAPI
internal import KeyringRecords

/// What became of a job: the helper's answer, or that there was none in time.
struct KeyringOutcome: Sendable {
    var reply: KeyringReply
    var isHung = false

    var detail: String? { reply.detail }

    var storeState: StoreState {
        if isHung { return .hung }
        return switch reply.state {
        case .ok: .ok
        case .locked: .locked
        case .noProvider: .noProvider
        case .noBus: .noBus
        case .failed: .failed
        }
    }

    static func failed(_ detail: String) -> KeyringOutcome {
        KeyringOutcome(reply: KeyringReply(state: .failed, detail: detail))
    }
}

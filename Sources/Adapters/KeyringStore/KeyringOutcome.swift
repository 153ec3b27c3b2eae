internal import AgentAPI
internal import KeyringProtocol

/// The outcome of a job: the helper's reply, or a missed deadline.
struct KeyringOutcome: Sendable {
    var reply: KeyringReply
    var isHung = false

    var detail: String? { reply.detail }

    /// The keyring program by its usual name; the kernel keeps only 15 bytes of it.
    var program: String? {
        switch reply.program {
        case "gnome-keyring-d": "gnome-keyring-daemon"
        case "pass-secret-ser": "pass-secret-service"
        case let name: name
        }
    }

    var storeState: StoreState {
        if isHung { return .hung }
        return switch reply.state {
        case .ok: .ok
        case .locked: .locked
        case .noProvider: .noProvider
        case .noBus: .noBus
        case .failed, .asking: .failed
        }
    }

    static func failed(_ detail: String) -> KeyringOutcome {
        KeyringOutcome(reply: KeyringReply(state: .failed, detail: detail))
    }

    static func hung(_ detail: String) -> KeyringOutcome {
        KeyringOutcome(reply: KeyringReply(state: .failed, detail: detail), isHung: true)
    }
}

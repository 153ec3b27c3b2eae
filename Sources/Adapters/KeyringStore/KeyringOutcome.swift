internal import AgentAPI
internal import KeyringProtocol

/// What became of a job: the helper's answer, or that there was none in time.
struct KeyringOutcome: Sendable {
    var reply: KeyringReply
    var isHung = false

    var detail: String? { reply.detail }

    /// The program that provides the keyring, by the name that people know: the kernel keeps 15 bytes of it.
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

internal import AgentAPI
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization

/// Where the authorization server's answer to one login arrives, whichever way it takes: its listener, or a client that
/// hands it over. The first valid answer counts; whatever else arrives leaves the login as it is.
final class AuthorizationInbox: Sendable {
    /// The answer to this login.
    enum Answer: Sendable {
        case code(SecretBytes)
        case refused(ProviderError)
    }

    /// What became of a response.
    enum Reception: Sendable {
        case accepted
        case refused(ProviderError)
        /// `detail`: for the user; nothing secret.
        case ignored(detail: String)
    }

    /// The way of a response, for the log.
    enum Way: String, Sendable { case listener, client }

    private struct State {
        /// `nil` unless a login by code waits.
        var transaction: AuthorizationTransaction?
        var answer: Answer?
        var waiting: CheckedContinuation<Void, Never>?
        var ignored = 0

        mutating func takeWaiting() -> CheckedContinuation<Void, Never>? {
            defer { waiting = nil }
            return waiting
        }
    }

    private let account: AccountName
    private let logger: Logger
    private let state = Mutex(State())

    /// More are counted and not logged: any user of the machine can send them.
    private static let mostLogged = 16

    init(account: AccountName, logger: Logger) {
        self.account = account
        self.logger = logger
    }

    /// Takes responses to this transaction from now on.
    func expect(_ transaction: AuthorizationTransaction) { state.withLock { $0.transaction = transaction } }

    /// Takes no more responses.
    func close() { state.withLock { $0.transaction = nil } }

    /// The answer; `nil` if it is not there yet.
    var answer: Answer? { state.withLock { $0.answer } }

    /// Returns when the answer is there, or its task is cancelled. For one task at a time.
    func waitForAnswer() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.answer == nil, !Task.isCancelled else { return true }
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.takeWaiting() }?.resume()
        }
    }

    /// `allowsBareCode`: a code may come without its state, as a person who copies it alone hands it over.
    func take(_ text: some Collection<UInt8>, from way: Way, allowsBareCode: Bool = false) -> Reception {
        let transaction = state.withLock { $0.transaction }
        guard let transaction else { return ignored("no_login", "no login by code waits for a response", way) }
        // Parsed outside of the lock: another response must not wait for 64 KiB of nonsense.
        let response = AuthorizationResponse(text, to: transaction, allowsBareCode: allowsBareCode)
        let answer: Answer
        switch response {
        case .code(let code): answer = .code(code)
        case .refused(let error): answer = .refused(error)
        case .ignored(let rejection): return ignored(rejection.code, rejection.description, way)
        }
        let (isFirst, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard state.transaction != nil, state.answer == nil else { return (false, nil) }
            state.answer = answer
            return (true, state.takeWaiting())
        }
        waiting?.resume()
        guard isFirst else { return ignored("repeated", "the login has its response already", way) }
        guard case .refused(let error) = answer else { return .accepted }
        return .refused(error)
    }

    private func ignored(_ code: String, _ detail: String, _ way: Way) -> Reception {
        let count = state.withLock { state in
            state.ignored += 1
            return state.ignored
        }
        if count <= Self.mostLogged {
            var metadata: Logger.Metadata = ["account": "\(account)", "reason": "\(code)", "way": "\(way.rawValue)"]
            if count == Self.mostLogged { metadata["note"] = "more of this login are not logged" }
            logger.notice("an authorization response is ignored", metadata: metadata)
        }
        return .ignored(detail: detail)
    }
}

extension LoginResponseReply {
    init(_ reception: AuthorizationInbox.Reception, for account: AccountName) {
        switch reception {
        case .accepted: self.init(account: account, accepted: true)
        case .refused(let error):
            self.init(account: account, accepted: true, detail: "the provider answered \(error)")
        case .ignored(let detail): self.init(account: account, accepted: false, detail: detail)
        }
    }
}

extension RedirectVerdict {
    init(_ reception: AuthorizationInbox.Reception) {
        self =
            switch reception {
            case .accepted: .accepted
            case .refused: .declined
            case .ignored: .ignored
            }
    }
}

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
        /// The address to which the listener has led a browser.
        var usedAddress: String?
        var waiting: [Int: (forAnswerAlone: Bool, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiting = 0
        var ignored = IgnoredResponses()

        mutating func takeWaiting(isAnswer: Bool) -> [CheckedContinuation<Void, Never>] {
            let due = waiting.filter { isAnswer || !$0.value.forAnswerAlone }
            for id in due.keys { waiting[id] = nil }
            return due.values.map { $0.continuation }
        }
    }

    let account: AccountName
    private let logger: Logger
    private let state = Mutex(State())

    init(account: AccountName, logger: Logger) {
        self.account = account
        self.logger = logger
    }

    /// Takes responses to this transaction from now on.
    func expect(_ transaction: AuthorizationTransaction) { state.withLock { $0.transaction = transaction } }

    /// Takes no more responses.
    func close() { state.withLock { $0.transaction = nil } }

    /// Logs how many responses were ignored, once the login has ended.
    func end() {
        guard let counts = state.withLock({ $0.ignored.summary }) else { return }
        logger.notice(
            "authorization responses were ignored", metadata: ["account": "\(account)", "counts": "\(counts)"])
    }

    /// The answer; `nil` if it is not there yet.
    var answer: Answer? { state.withLock { $0.answer } }

    /// Why the last other response was ignored; `nil` without one.
    var lastIgnored: String? { state.withLock { $0.ignored.last } }

    /// Notes that the listener has led a browser to the address.
    func use(_ address: String) {
        let waiting = state.withLock { state in
            state.usedAddress = address
            return state.takeWaiting(isAnswer: false)
        }
        for continuation in waiting { continuation.resume() }
    }

    func isAddressUsed(_ address: String) -> Bool { state.withLock { $0.usedAddress == address } }

    /// Returns when the answer is there, or its task is cancelled.
    func waitForAnswer() async { await wait(forAnswerAlone: true) }

    /// Returns when the answer is there, the address is used, or its task is cancelled.
    func waitForNews() async { await wait(forAnswerAlone: false) }

    private func wait(forAnswerAlone: Bool) async {
        let id = state.withLock { state in
            state.nextWaiting += 1
            return state.nextWaiting
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.answer == nil, !Task.isCancelled else { return true }
                    state.waiting[id] = (forAnswerAlone, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id)?.continuation }?.resume()
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
        let (isFirst, waiting) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            guard state.transaction != nil, state.answer == nil else { return (false, []) }
            state.answer = answer
            return (true, state.takeWaiting(isAnswer: true))
        }
        for continuation in waiting { continuation.resume() }
        guard isFirst else { return ignored("repeated", "the login has its response already", way) }
        guard case .refused(let error) = answer else { return .accepted }
        return .refused(error)
    }

    private func ignored(_ code: String, _ detail: String, _ way: Way) -> Reception {
        let isFirst = state.withLock { $0.ignored.add(code, way.rawValue, detail) }
        if isFirst {
            logger.notice(
                "an authorization response is ignored",
                metadata: ["account": "\(account)", "reason": "\(code)", "way": "\(way.rawValue)"])
        }
        return .ignored(detail: detail)
    }
}

/// Counts of the responses that a login has ignored, by reason and way. Any user of the machine can send them, so only the
/// first of each is logged at once; the rest is in a summary.
struct IgnoredResponses {
    private var counts: [String: Int] = [:]
    /// Why the last one was ignored.
    private(set) var last: String?

    /// Counts one. Returns whether it is the first of its kind; the reasons are those of a closed list.
    mutating func add(_ code: String, _ way: String, _ detail: String) -> Bool {
        last = detail
        counts["\(code) by \(way)", default: 0] += 1
        return counts["\(code) by \(way)"] == 1
    }

    /// `nil` if each has been logged.
    var summary: String? {
        guard counts.values.contains(where: { $0 > 1 }) else { return nil }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
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

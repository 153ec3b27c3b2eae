internal import OAuth

/// The one authorization server: a limit of requests per second, and at most one outage.
struct Provider {
    enum Failure: String, CaseIterable {
        /// A front server answers 503.
        case unavailable = "503"
        /// A front server answers 503 with the end of the outage in Retry-After: all agents learn the same moment.
        case maintenance = "503 until then"
        case refused = "connection refused"
    }

    struct Outage {
        var period: Range<Moment>
        var failure: Failure
    }

    enum Answer: Hashable {
        case granted
        case limited
        /// `retryAfter` in seconds.
        case down(Failure, retryAfter: Int?)
    }

    /// Requests per second.
    let limit: Int
    /// What it sends beside a 429; `nil` for none.
    let retryAfter: Int?
    var outage: Outage?
    private var second: Moment = -1
    private var accepted = 0
    /// Reading a reply costs more than all else that follows from it.
    private var replies: [Answer: RefreshReply] = [:]

    init(limit: Int, retryAfter: Int?) {
        self.limit = limit
        self.retryAfter = retryAfter
    }

    /// Answers a request that arrives now.
    mutating func answer(at moment: Moment) -> Answer {
        if let outage, outage.period.contains(moment) {
            let left = Int((outage.period.upperBound - moment).inSeconds.rounded(.up))
            return .down(outage.failure, retryAfter: outage.failure == .maintenance ? left : nil)
        }
        if moment / .seconds(1) != second { (second, accepted) = (moment / .seconds(1), 0) }
        accepted += 1
        return accepted <= limit ? .granted : .limited
    }

    /// How long the answer takes.
    func latency(of answer: Answer) -> Moment {
        switch answer {
        case .granted: .seconds(0.1)
        case .limited, .down: .seconds(0.03)
        }
    }

    private func response(_ answer: Answer) -> Result<ProviderReply, TransportFailure> {
        func reply(_ status: Int, _ retryAfter: Int?) -> Result<ProviderReply, TransportFailure> {
            let headers = retryAfter.map { [(name: "Retry-After", value: "\($0)")] } ?? []
            return .success(ProviderReply(HTTPResponse(status: status, headers: headers, body: "busy".utf8)))
        }
        switch answer {
        case .granted: preconditionFailure("a grant is not a failure")
        case .limited: return reply(429, retryAfter)
        case .down(.unavailable, _): return reply(503, nil)
        case .down(.maintenance, let retryAfter): return reply(503, retryAfter)
        case .down(.refused, _): return .failure(.unreachable("connection refused"))
        }
    }

    /// Returns what the agent reads from a refusal to renew.
    mutating func refreshReply(_ answer: Answer) -> RefreshReply {
        if let known = replies[answer] { return known }
        let reply: RefreshReply =
            switch response(answer) {
            case .success(let reply): RefreshReply(reply)
            case .failure(let failure): RefreshReply(failure)
            }
        replies[answer] = reply
        return reply
    }

    /// Returns what the agent reads from a refusal to answer a poll.
    func pollReply(_ answer: Answer) -> PollReply {
        switch response(answer) {
        case .success(let reply): PollReply(reply)
        case .failure(let failure): PollReply(failure)
        }
    }
}

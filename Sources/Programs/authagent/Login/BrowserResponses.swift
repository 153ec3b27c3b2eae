internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import LoopbackHTTP
internal import Synchronization

/// What a browser on this machine brings for a login, and what it gets. Threads of the server use it.
final class BrowserResponses: Sendable {
    private let relay: ResponseRelay
    private let state: Mutex<State>

    private struct State {
        var site: RedirectSite
        var isPageAwaited = false
        /// Refused responses in the current minute: any user of the machine can send them.
        var refusals = 0
        var minute = Deadline(seconds: 0)
    }

    /// Beyond it in a minute, responses are no more handed over: the agent's log and limits are for its own callers.
    private static let mostRefusals = 20

    init(to target: String, place: LoopbackAddress, shortPath: String?, _ relay: ResponseRelay) {
        let site = RedirectSite(path: place.path, shortPath: shortPath, authorizationURI: target)
        state = Mutex(State(site: site))
        self.relay = relay
    }

    /// Whether a browser has brought its response and not got the page that follows.
    var isPageAwaited: Bool { state.withLock { $0.isPageAwaited } }

    /// Leads to the login's new address from now on.
    func lead(to prompt: LoginPrompt) {
        guard let target = prompt.authorizationURI else { return }
        state.withLock { $0.site.authorizationURI = target }
    }

    func reply(to request: LoopbackRequest) -> LoopbackReply {
        if RedirectSite.isLastPage(request) { state.withLock { $0.isPageAwaited = false } }
        // A copy: the agent is asked without the lock.
        return state.withLock { $0.site }.reply(to: request, take: verdict)
    }

    private func verdict(_ query: String) -> RedirectSite.Verdict {
        guard mayBeOwn(query) else {
            return refuse("its 'state' is not this login's")
        }
        guard mayHandOver() else {
            return refuse("too many wrong responses have come; paste the address of the page that the browser ends at")
        }
        // Before the agent knows of it, because this program ends with the login.
        state.withLock { $0.isPageAwaited = true }
        let (isAccepted, isRefusal) = relay.give(query, isPasted: false)
        guard isAccepted else {
            state.withLock { state in
                state.isPageAwaited = false
                state.refusals += 1
            }
            return .ignored
        }
        return isRefusal ? .declined : .accepted
    }

    private func refuse(_ objection: String) -> RedirectSite.Verdict {
        relay.report(ResponseRelay.Outcome(isPasted: false, objection: objection))
        return .ignored
    }

    private func mayHandOver() -> Bool {
        state.withLock { state in
            if state.minute.milliseconds == 0 { (state.refusals, state.minute) = (0, Deadline(seconds: 60)) }
            return state.refusals < Self.mostRefusals
        }
    }

    /// Whether the response has the `state` of the login's address. That of a pushed request is known to the agent only.
    private func mayBeOwn(_ query: String) -> Bool {
        guard let address = state.withLock({ $0.site.authorizationURI }),
            let question = address.firstIndex(of: "?"),
            let own = Self.state(in: address[address.index(after: question)...])
        else { return true }
        let given = Self.state(in: query[...]) ?? ""
        // In constant time, as the agent does.
        var difference = own.utf8.count ^ given.utf8.count
        for (left, right) in zip(own.utf8, given.utf8) { difference |= Int(left ^ right) }
        return difference == 0
    }

    private static func state(in query: Substring) -> String? {
        let name = "state="
        guard let pair = query.split(separator: "&").first(where: { $0.hasPrefix(name) }) else { return nil }
        return PercentEncoding.decodeText(pair.dropFirst(name.count), plusIsSpace: true)
    }
}

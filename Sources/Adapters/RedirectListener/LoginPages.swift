internal import Agent
internal import LoopbackHTTP
internal import OAuth
internal import Synchronization

/// What a login's listener answers, and whether a browser still has to fetch its last page.
final class LoginPages: Sendable {
    private struct State {
        var site: RedirectSite
        /// Whether the address is of no use any more: the login has its response, or has ended.
        var isOver = false
        /// Browsers that were sent to the last page, or are about to be, and have not fetched it.
        var owed = 0
    }

    private let state: Mutex<State>
    private let login: ListenedLogin

    init(_ redirectURI: RedirectURI, _ login: ListenedLogin) {
        state = Mutex(State(site: RedirectSite(path: redirectURI.path, shortPath: login.shortPath)))
        self.login = login
    }

    func lead(to authorizationURI: String) {
        state.withLock { state in
            if !state.isOver { state.site.authorizationURI = authorizationURI }
        }
    }

    /// Leads nowhere from now on. Returns whether a browser still has to fetch its last page.
    func close() -> Bool {
        state.withLock { state in
            state.isOver = true
            state.site.authorizationURI = nil
            return state.owed > 0
        }
    }

    var owesPage: Bool { state.withLock { $0.owed > 0 } }

    func reply(to request: LoopbackRequest) -> LoopbackReply {
        let site = state.withLock { state in
            if RedirectSite.isLastPage(request) { state.owed = 0 }
            return state.site
        }
        let reply = site.reply(to: request, take: take)
        if request.method == "GET", request.path == login.shortPath, let address = reply.location { login.led(address) }
        return reply
    }

    private func take(_ query: String) -> RedirectSite.Verdict {
        // Before the login hears of it, which may end at once.
        state.withLock { $0.owed += 1 }
        let verdict = login.take(query)
        state.withLock { state in
            guard verdict != .ignored else { return state.owed = max(0, state.owed - 1) }
            state.isOver = true
            state.site.authorizationURI = nil
        }
        return RedirectSite.Verdict(verdict)
    }
}

extension RedirectSite.Verdict {
    fileprivate init(_ verdict: RedirectVerdict) {
        self =
            switch verdict {
            case .accepted: .accepted
            case .declined: .declined
            case .ignored: .ignored
            }
    }
}

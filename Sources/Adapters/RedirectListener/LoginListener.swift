internal import Agent
internal import Glibc
internal import LoopbackHTTP
internal import OAuth
internal import Synchronization
internal import System

/// The listener of one login.
final class LoginListener: RedirectListener {
    private let server: LoopbackServer
    private let pages: LoginPages
    private let shortPath: String
    private let ending: EndingListeners

    init(
        _ redirectURI: RedirectURI, at place: LoopbackPlace, shortPath: String, ending: EndingListeners,
        take: @escaping @Sendable (String) -> RedirectVerdict
    ) throws(LoopbackServer.ListenFailure) {
        let pages = LoginPages(RedirectSite(path: redirectURI.path, shortPath: shortPath), take: take)
        server = try LoopbackServer(for: .browsers, at: place) { pages.reply(to: $0) }
        (self.pages, self.shortPath, self.ending) = (pages, shortPath, ending)
        guard server.start() else { throw .noThread }
    }

    // A login that forgets to close its listener must not leave the port open.
    deinit { server.stop() }

    var port: Int { Int(server.port) }

    var shortURI: String {
        let host = server.families.contains(.ipv4) ? LoopbackPlace.Family.ipv4.host : LoopbackPlace.Family.ipv6.host
        return "http://\(host):\(port)\(shortPath)"
    }

    func lead(to authorizationURI: String) { pages.lead(to: authorizationURI) }

    func close() {
        guard pages.close() else { return server.stop() }
        ending.keep(server, until: pages)
    }
}

/// What a login's listener answers, and whether a browser still has to fetch its last page.
final class LoginPages: Sendable {
    private struct State {
        var site: RedirectSite
        var isClosed = false
        /// A browser was sent to the last page, and has not fetched it.
        var owesPage = false
    }

    private let state: Mutex<State>
    private let take: @Sendable (String) -> RedirectVerdict

    init(_ site: RedirectSite, take: @escaping @Sendable (String) -> RedirectVerdict) {
        state = Mutex(State(site: site))
        self.take = take
    }

    func lead(to authorizationURI: String) {
        state.withLock { state in
            if !state.isClosed { state.site.authorizationURI = authorizationURI }
        }
    }

    /// Takes no more responses. Returns whether a browser still has to fetch its last page.
    func close() -> Bool {
        state.withLock { state in
            state.isClosed = true
            state.site.authorizationURI = nil
            return state.owesPage
        }
    }

    var owesPage: Bool { state.withLock { $0.owesPage } }

    func reply(to request: LoopbackRequest) -> LoopbackReply {
        let (site, isClosed) = state.withLock { ($0.site, $0.isClosed) }
        if RedirectSite.isLastPage(request) { state.withLock { $0.owesPage = false } }
        return site.reply(to: request) { query in
            guard !isClosed else { return .ignored }
            let verdict = take(query)
            if verdict != .ignored {
                state.withLock { state in
                    state.owesPage = true
                    // The login has its response: its address is of no use any more.
                    state.site.authorizationURI = nil
                }
            }
            return RedirectSite.Verdict(verdict)
        }
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

/// Listeners that stay open after their login for a browser that was sent to the last page, for some seconds at most.
final class EndingListeners: Sendable {
    private let servers = Mutex<[UInt16: LoopbackServer]>([:])

    private static let longest: Duration = .seconds(3)

    func keep(_ server: LoopbackServer, until pages: LoginPages) {
        servers.withLock { $0[server.port] = server }
        let isStarted = WorkerThread.start(named: "last-page") {
            let deadline = ContinuousClock.now + Self.longest
            while pages.owesPage, ContinuousClock.now < deadline { _ = poll(nil, 0, 20) }
            self.end(server)
        }
        if !isStarted { end(server) }
    }

    /// Stops the listener at that port: a new login needs it.
    func stop(_ port: UInt16) { servers.withLock { $0.removeValue(forKey: port) }?.stop() }

    private func end(_ server: LoopbackServer) {
        servers.withLock { servers in
            if servers[server.port] === server { servers[server.port] = nil }
        }
        server.stop()
    }
}

internal import AgentAPI
internal import LoopbackHTTP
internal import Synchronization
internal import System

/// What a browser on this machine brings for a login, and what it gets. Threads of the server use it.
final class BrowserResponses: Sendable {
    private let handover: ResponseHandover
    private let state: Mutex<State>
    private let signal: EventBell
    private let port: UInt16

    private struct State {
        var site: RedirectSite
        /// Leads to the provider once. Other users can read the arguments of the browser, and must not find the login's
        /// `state` there.
        var startPath: String?
        var objections: [String?] = []
        var isPageAwaited = false
    }

    init(_ prompt: LoginPrompt, at place: LoopbackAddress, _ handover: ResponseHandover) throws(Failure) {
        let site = RedirectSite(
            path: place.path, shortPath: prompt.shortURI.flatMap { LoopbackAddress(parsing: $0)?.path },
            authorizationURI: prompt.authorizationURI)
        state = Mutex(State(site: site, startPath: "/\(EndpointSecret().text.prefix(16))"))
        (self.handover, port) = (handover, place.port)
        do throws(LocalSocketError) { signal = try EventBell() } catch { throw Failure(error) }
    }

    /// Readable while `take` has something.
    var bell: Int32 { signal.descriptor }

    /// The address that a browser is opened with; `nil` once it was used.
    var startAddress: String? { state.withLock { $0.startPath }.map { "http://127.0.0.1:\(port)\($0)" } }

    /// Whether a browser has brought its response and not got the page that follows.
    var isPageAwaited: Bool { state.withLock { $0.isPageAwaited } }

    /// Returns of each response that has arrived why it was not accepted; `nil` for an accepted one.
    func take() -> [String?] {
        signal.answer()
        return state.withLock { state in
            defer { state.objections = [] }
            return state.objections
        }
    }

    /// Leads to the login's new address from now on.
    func lead(to prompt: LoginPrompt) {
        guard let target = prompt.authorizationURI else { return }
        state.withLock { $0.site.authorizationURI = target }
    }

    func reply(to request: LoopbackRequest) -> LoopbackReply {
        if let start = start(request) { return start }
        if RedirectSite.isLastPage(request) { state.withLock { $0.isPageAwaited = false } }
        // A copy: the agent is asked without the lock.
        return state.withLock { $0.site }.reply(to: request, take: verdict)
    }

    private func start(_ request: LoopbackRequest) -> LoopbackReply? {
        state.withLock { state in
            guard request.method == "GET", request.rawQuery == nil, request.path == state.startPath else { return nil }
            state.startPath = nil
            return state.site.authorizationURI.flatMap { LoopbackReply.redirect(to: $0) }
        }
    }

    private func verdict(_ query: String) -> RedirectSite.Verdict {
        let reply: LoginResponseReply
        do { reply = try handover.give(query) } catch {
            happened(Console.line(Failure(any: error)))
            return .ignored
        }
        guard reply.accepted else {
            happened(reply.detail ?? ResponseHandover.foreign)
            return .ignored
        }
        state.withLock { $0.isPageAwaited = true }
        happened(nil)
        return reply.detail == nil ? .accepted : .declined
    }

    private func happened(_ objection: String?) {
        // Any user of the machine can send responses: the screen shows the first ones.
        state.withLock { if $0.objections.count < 8 { $0.objections.append(objection) } }
        signal.ring()
    }
}

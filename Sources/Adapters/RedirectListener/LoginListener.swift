internal import Agent
internal import Glibc
internal import LoopbackHTTP
internal import OAuth
internal import Synchronization

/// The listener of one login.
final class LoginListener: RedirectListener {
    private let server: LoopbackServer
    private let pages: LoginPages
    private let shortPath: String
    private let ports: ListenedPorts
    private let isClosed = Mutex(false)

    init(
        _ redirectURI: RedirectURI, at place: LoopbackPlace, for login: ListenedLogin, _ ports: ListenedPorts
    ) throws(LoopbackServer.ListenFailure) {
        let pages = LoginPages(redirectURI, login)
        server = try LoopbackServer(for: .browsers, at: place) { pages.reply(to: $0) }
        (self.pages, shortPath, self.ports) = (pages, login.shortPath, ports)
        guard server.start() else { throw .noThread }
        ports.open(server.port, for: login.account)
    }

    // A login that forgets to close its listener must not leave the port open.
    deinit { close() }

    var port: Int { Int(server.port) }

    var shortURI: String {
        let host = server.families.contains(.ipv4) ? LoopbackPlace.Family.ipv4.host : LoopbackPlace.Family.ipv6.host
        return "http://\(host):\(port)\(shortPath)"
    }

    func lead(to authorizationURI: String) { pages.lead(to: authorizationURI) }

    func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        // The ports own the server from now on: a browser may still have to fetch the last page.
        ports.close(server, after: pages)
    }
}

internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import LoopbackHTTP
internal import System

/// The browser's side of a login whose agent is on another machine: this program listens where the provider sends the
/// browser back to, and hands the response over the agent's socket. Verifier and tokens stay with the agent.
final class BrowserHere {
    let responses: BrowserResponses
    private let server: LoopbackServer
    /// Where the browser begins: the short address, which this program answers, or the provider's.
    private let start: String
    private var startPage: StartPage?

    /// A browser follows the redirection to the last page at once.
    private static let lastPageLimit: Duration = .seconds(3)

    init(_ prompt: LoginPrompt, _ relay: ResponseRelay) throws(Failure) {
        guard prompt.grant == .code, let redirect = prompt.redirectURI, let target = prompt.authorizationURI else {
            throw Failure("cannot listen for a browser: this login has no page that it comes back to")
        }
        guard let place = LoopbackAddress(parsing: redirect) else {
            throw Failure(
                "cannot listen at \(redirect): it is not an address of this machine",
                hint: "paste the address of the page that the browser ends at")
        }
        let short = prompt.shortURI.flatMap(LoopbackAddress.init(parsing:))
        let responses = BrowserResponses(to: target, place: place, shortPath: short?.path, relay)
        self.responses = responses
        start = prompt.shortURI ?? target
        do throws(LoopbackServer.ListenFailure) {
            // At an address of the two that another program had, the browser would begin or end with that program.
            let needed = place.families.union(short?.families ?? [])
            let place = LoopbackPlace(port: place.port, families: [.ipv4, .ipv6], needed: needed)
            server = try LoopbackServer(for: .browsers, at: place) { responses.reply(to: $0) }
        } catch {
            throw Self.failure(error)
        }
        guard server.start() else { throw Failure("cannot listen for the browser: the system has no more threads") }
    }

    private static func failure(_ error: LoopbackServer.ListenFailure) -> Failure {
        guard error.code == EADDRINUSE else {
            return Failure("cannot \(error.call): \(String(cString: strerror(error.code)))")
        }
        return Failure(
            "port \(error.port) of this machine is taken",
            hint: "if the agent runs here, it listens itself; otherwise end the program that has the port"
                + " ('ss -tlnp sport = :\(error.port)' shows it), or paste the page's address")
    }

    /// Opens the browser once, if there is one; otherwise the user opens the address on the screen.
    func open() {
        let variables = ["DISPLAY", "WAYLAND_DISPLAY"]
        guard startPage == nil, variables.contains(where: { getenv($0).map { $0.pointee != 0 } ?? false }),
            let program = Self.program("xdg-open"), let page = StartPage(to: start)
        else { return }
        startPage = page
        var pid: pid_t = 0
        // Not waited for: it may stay as long as its browser, and ends without this program as well.
        let command = ProgramStart(program, [page.address], environment: processEnvironment())
        if command.inPlace(input: -1, output: -1, &pid) == 0 { Console.note("opening the address in a browser") }
    }

    private static func program(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").lazy.filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    /// Ends after the browser has got the page that follows its response.
    func stop() {
        let deadline = Deadline(Self.lastPageLimit)
        while responses.isPageAwaited || server.isAnswering, deadline.milliseconds > 0 { _ = poll(nil, 0, 10) }
        server.stop()
        startPage = nil
    }
}

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

    /// A browser follows the redirection to the last page at once.
    private static let lastPageLimit: Duration = .seconds(3)

    init(_ prompt: LoginPrompt, _ handover: ResponseHandover) throws(Failure) {
        guard prompt.grant == .code, let redirect = prompt.redirectURI, prompt.authorizationURI != nil else {
            throw Failure("cannot listen for a browser: this login has no page that it comes back to")
        }
        guard let place = LoopbackAddress(parsing: redirect) else {
            throw Failure(
                "cannot listen at \(redirect): it is not an address of this machine",
                hint: "paste the address of the page that the browser ends at")
        }
        let responses = try BrowserResponses(prompt, at: place, handover)
        self.responses = responses
        do throws(LoopbackServer.ListenFailure) {
            let place = LoopbackPlace(port: place.port, families: [.ipv4, .ipv6], needed: place.families)
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

    /// Opens the browser if there is one; otherwise the user opens the address on the screen.
    func open() {
        let variables = ["DISPLAY", "WAYLAND_DISPLAY"]
        guard variables.contains(where: { getenv($0).map { $0.pointee != 0 } ?? false }),
            let program = Self.program("xdg-open"), let address = responses.startAddress
        else { return }
        var pid: pid_t = 0
        // Not waited for: it may stay as long as its browser, and ends without this program as well.
        let start = ProgramStart(program, [address], environment: processEnvironment())
        if start.inPlace(input: -1, output: -1, &pid) == 0 { Console.note("opening \(address) in a browser") }
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
    }
}

public import Agent
internal import Glibc
internal import LoopbackHTTP
public import OAuth
internal import System

/// The listeners of logins by code: one for each login, on loopback addresses alone.
public final class RedirectListeners: RedirectListening {
    private let queue = BlockingQueue("authagent.redirect")
    private let ports = ListenedPorts()

    public init() {}

    public func listen(
        at redirectURI: RedirectURI, for login: ListenedLogin
    ) async throws(RedirectListenFailure) -> any RedirectListener {
        let ports = ports
        return try await queue.run { () throws(RedirectListenFailure) in
            let place = LoopbackPlace(redirectURI)
            if let port = place.port { ports.stopEnding(at: port) }
            do throws(LoopbackServer.ListenFailure) {
                return try LoginListener(redirectURI, at: place, for: login, ports)
            } catch {
                guard error.code == EADDRINUSE, error.port != 0 else {
                    throw .unavailable(detail: "cannot \(error.call): \(String(cString: strerror(error.code)))")
                }
                let holder =
                    ports.account(at: error.port).map { PortHolder.login(of: $0) } ?? PortHolders.holder(of: error.port)
                throw .portTaken(port: Int(error.port), holder: holder)
            }
        }
    }
}

extension LoopbackPlace {
    /// Both addresses, because a browser may try either for `localhost`, and a person may type either. At the address
    /// that the URI names no other program may have the port.
    init(_ redirectURI: RedirectURI) {
        let needed: Set<Family> =
            switch redirectURI.host {
            case Family.ipv4.host: [.ipv4]
            case Family.ipv6.host: [.ipv6]
            default: [.ipv4, .ipv6]
            }
        self.init(port: redirectURI.port.flatMap(UInt16.init), families: [.ipv4, .ipv6], needed: needed)
    }
}

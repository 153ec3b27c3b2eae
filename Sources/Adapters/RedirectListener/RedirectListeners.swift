public import Agent
internal import Glibc
internal import LoopbackHTTP
public import OAuth
internal import Synchronization
internal import System

/// The listeners of logins by code: one for each login, on loopback addresses alone.
public final class RedirectListeners: RedirectListening {
    private let queue = BlockingQueue("authagent.redirect")
    /// Listeners of ended logins that still owe a browser its last page, by port.
    private let ending = EndingListeners()

    public init() {}

    public func listen(
        at redirectURI: RedirectURI, shortPath: String, take: @escaping @Sendable (String) -> RedirectVerdict
    ) async throws(RedirectListenFailure) -> any RedirectListener {
        let ending = ending
        return try await queue.run { () throws(RedirectListenFailure) in
            let place = LoopbackPlace(redirectURI)
            if let port = place.port { ending.stop(port) }
            do throws(LoopbackServer.ListenFailure) {
                return try LoginListener(redirectURI, at: place, shortPath: shortPath, ending: ending, take: take)
            } catch {
                guard error.code == EADDRINUSE, error.port != 0 else {
                    throw .unavailable(detail: "cannot \(error.call): \(String(cString: strerror(error.code)))")
                }
                throw .portTaken(port: Int(error.port), holder: PortHolders.holder(of: error.port))
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

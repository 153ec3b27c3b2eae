public import OAuth

/// Opens what receives the browser at the end of a login by code (RFC 8252 §7.3).
public protocol RedirectListening: Sendable {
    /// Listens at the redirect URI on loopback addresses alone: at its port, or at a free one if it names none.
    func listen(
        at redirectURI: RedirectURI, for login: ListenedLogin
    ) async throws(RedirectListenFailure) -> any RedirectListener
}

/// The login that a listener is opened for.
public struct ListenedLogin: Sendable {
    /// For messages.
    public let account: String
    /// Leads to the address that `RedirectListener.lead` sets.
    public let shortPath: String
    /// Gets the query of what arrives at the redirect URI's path, and must not wait. Whatever else arrives is answered
    /// without it.
    public let take: @Sendable (String) -> RedirectVerdict
    /// Gets the address to which a browser was led, and must not wait.
    public let led: @Sendable (String) -> Void

    public init(
        account: String, shortPath: String, take: @escaping @Sendable (String) -> RedirectVerdict,
        led: @escaping @Sendable (String) -> Void
    ) {
        (self.account, self.shortPath, self.take, self.led) = (account, shortPath, take, led)
    }
}

/// An open listener of one login.
public protocol RedirectListener: Sendable {
    var port: Int { get }
    /// The address that a person types: the short path, at this listener.
    var shortURI: String { get }
    /// Leads the short path to the provider's address from now on.
    func lead(to authorizationURI: String)
    /// Refuses connections from now on, apart from the page that the browser was just sent to.
    func close()
}

/// What became of a response.
public enum RedirectVerdict: Equatable, Sendable {
    /// The login goes on with it.
    case accepted
    /// It ends the login: the provider refuses.
    case declined
    /// It is not this login's, which stays as it is.
    case ignored
}

/// Why a login has no listener.
public enum RedirectListenFailure: Error, Equatable, Sendable {
    /// Another program has the redirect URI's port, where the browser would bring it the response.
    case portTaken(port: Int, holder: PortHolder?)
    /// No address can be listened at; the response can still be handed over in another way.
    case unavailable(detail: String)
}

/// What has a port, as far as this user may know it.
public enum PortHolder: Equatable, Sendable {
    /// Another login of this agent.
    case login(of: String)
    case program(name: String, pid: Int32)
    /// A program of this user, for which only the uid is known.
    case user(UInt32)
}

/// No listener: each response is handed over by a client.
public struct NoRedirectListener: RedirectListening {
    public init() {}

    public func listen(
        at redirectURI: RedirectURI, for login: ListenedLogin
    ) async throws(RedirectListenFailure) -> any RedirectListener {
        throw .unavailable(detail: "this agent has no listener")
    }
}

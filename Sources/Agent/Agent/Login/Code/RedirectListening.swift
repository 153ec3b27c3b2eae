public import OAuth

/// Opens what receives the browser at the end of a login by code (RFC 8252 §7.3).
public protocol RedirectListening: Sendable {
    /// Listens at the redirect URI on loopback addresses alone: at its port, or at a free one if it names none.
    ///
    /// `take` gets the query of what arrives at the URI's path, and must not wait. Whatever else arrives is answered
    /// without it. `shortPath` leads to the address that `RedirectListener.lead` sets.
    func listen(
        at redirectURI: RedirectURI, shortPath: String, take: @escaping @Sendable (String) -> RedirectVerdict
    ) async throws(RedirectListenFailure) -> any RedirectListener
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

/// The program that has a port, as far as this user may know it.
public struct PortHolder: Equatable, Sendable {
    /// The program's name and process; `nil` for another user's.
    public var program: (name: String, pid: Int32)?
    public var user: UInt32

    public init(program: (name: String, pid: Int32)? = nil, user: UInt32) {
        (self.program, self.user) = (program, user)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.user == right.user && left.program?.name == right.program?.name
            && left.program?.pid == right.program?.pid
    }
}

/// No listener: each response is handed over by a client.
public struct NoRedirectListener: RedirectListening {
    public init() {}

    public func listen(
        at redirectURI: RedirectURI, shortPath: String, take: @escaping @Sendable (String) -> RedirectVerdict
    ) async throws(RedirectListenFailure) -> any RedirectListener {
        throw .unavailable(detail: "this agent has no listener")
    }
}

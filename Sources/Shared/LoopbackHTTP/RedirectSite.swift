/// The pages at the redirect URI of a login by authorization code: takes the response that the browser brings, and leads
/// from a short address to the provider's long one. For the agent, and for a client that listens on the browser's machine.
public struct RedirectSite: Sendable {
    /// What became of a response.
    public enum Verdict: Sendable {
        /// The login goes on with it.
        case accepted
        /// It is this login's, and ends it: the provider refuses.
        case declined
        /// It is not this login's; a pending login stays as it is.
        case ignored
    }

    /// The redirect URI's path.
    private let path: String
    /// The path that leads to `authorizationURI`; `nil` without one.
    private let shortPath: String?
    /// The provider's address; `nil` once it must not be opened any more.
    public var authorizationURI: String?

    public init(path: String, shortPath: String? = nil, authorizationURI: String? = nil) {
        (self.path, self.shortPath, self.authorizationURI) = (path, shortPath, authorizationURI)
    }

    /// Where the browser goes after the response, so that the code leaves its address bar.
    private static let acceptedPath = "/accepted"
    private static let declinedPath = "/declined"

    /// Whether the request is for the page that follows a response.
    public static func isLastPage(_ request: LoopbackRequest) -> Bool {
        request.method == "GET" && request.rawQuery == nil && [acceptedPath, declinedPath].contains(request.path)
    }

    /// Returns the reply. `take` gets the query of a response as it was sent; only GET brings one.
    public func reply(to request: LoopbackRequest, take: (String) -> Verdict) -> LoopbackReply {
        if request.path == path, let query = request.rawQuery {
            guard request.method == "GET" else { return Self.notFound }
            return switch take(query) {
            case .accepted: LoopbackReply.redirect(to: Self.acceptedPath) ?? Self.accepted
            case .declined: LoopbackReply.redirect(to: Self.declinedPath) ?? Self.declined
            case .ignored: Self.ignored
            }
        }
        guard request.rawQuery == nil else { return Self.notFound }
        switch request.path {
        case Self.acceptedPath: return Self.accepted
        case Self.declinedPath: return Self.declined
        case shortPath:
            return authorizationURI.flatMap { LoopbackReply.redirect(to: $0) } ?? Self.notFound
        default: return Self.notFound
        }
    }

    private static let close = "This tab may be closed."

    private static let accepted = LoopbackReply.page(
        title: "The response has arrived",
        ["authagent completes the login now, and shows the result in the terminal.", close])

    private static let declined = LoopbackReply.page(
        title: "The login was not completed",
        ["The provider has sent an error instead of a login. The terminal shows it.", close])

    private static let ignored = LoopbackReply.page(
        404, title: "Not accepted",
        ["This is not the response that a login waits for here. A login that waits goes on.", close])

    private static let notFound = LoopbackReply.page(
        404, title: "Not accepted",
        ["No login waits for this address. A login that waits goes on.", close])
}

public import SecretMemory

/// The port to a provider. `CurlTransport` implements it; tests inject others.
public protocol HTTPTransport: Sendable {
    /// Sends one request and returns the whole reply, whatever its status. Redirects are returned, not followed.
    ///
    /// Ends if the calling task is cancelled.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse

    /// Closes idle connections, whose buffers may hold parts of earlier requests, such as tokens. Busy ones are closed
    /// after their replies.
    func closeConnections()
}

extension HTTPTransport {
    /// For a transport without persistent connections.
    public func closeConnections() {}
}

public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    public var method: Method
    public var url: EndpointURL
    /// A value may hold a secret (`Authorization`).
    public var headers: [(name: String, value: String)]
    public var body: SecretBytes?
    /// `nil` if the transport's own limit applies.
    public var timeLimit: Duration?
    /// Presented if the server requests one. Such a request does not share its connection.
    public var certificate: ClientCertificate?

    public init(
        method: Method, url: EndpointURL, headers: [(name: String, value: String)] = [], body: SecretBytes? = nil,
        timeLimit: Duration? = nil, certificate: ClientCertificate? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeLimit = timeLimit
        self.certificate = certificate
    }
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: WipedBytes

    public init(status: Int, headers: [(name: String, value: String)] = [], body: some Collection<UInt8>) {
        self.status = status
        self.headers = headers
        self.body = WipedBytes(body)
    }

    /// Returns the first header of that name, ignoring case (RFC 9110 §5.1).
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The reason for the missing reply. Details are for the user: bounded, without control characters and secrets.
public enum TransportFailure: Error, Equatable, Sendable {
    /// Refused or no route: nothing was sent, and a retry may help.
    case unreachable(String)
    /// The connection broke before the reply was complete: the server may have processed the request.
    case broken(String)
    /// The name of the host or proxy does not resolve: as `unreachable`, with another remedy.
    case nameNotFound(String)
    case timedOut(String)
    /// A certificate or handshake problem: a retry does not help.
    case tls(String)
    case bodyTooLarge(limit: Int)
    /// The peer does not speak HTTP.
    case malformed(String)
    case cancelled
}

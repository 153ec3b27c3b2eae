public import SecretMemory

/// The port through which this module reaches a provider. `CurlTransport` is the real one; tests inject others.
public protocol HTTPTransport: Sendable {
    /// Sends one request and returns the whole reply, whatever its status. Redirects are returned, never followed.
    ///
    /// Ends when the calling task is cancelled.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse

    /// Closes the connections that are kept for later requests: their buffers hold parts of earlier ones, such as tokens.
    /// Those under way are closed when their replies are there.
    func closeConnections()
}

extension HTTPTransport {
    /// For a transport that keeps none.
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
    /// Names and values; a value may hold a secret (`Authorization`).
    public var headers: [(name: String, value: String)]
    public var body: SecretBytes?
    /// Nil: the transport's own limit.
    public var timeLimit: Duration?
    /// Shown to a server that asks for one. Such a request shares its connection with no other.
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

    /// The first header of that name, compared without case (RFC 9110 §5.1).
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why there is no reply at all. Details are for people: already bounded, without control characters and secrets.
public enum TransportFailure: Error, Equatable, Sendable {
    /// Refused, no route: nothing was sent, and trying again later may help.
    case unreachable(String)
    /// The connection broke before the whole reply was there: the request may have been carried out.
    case broken(String)
    /// The host's name, or the proxy's, is not found: as `unreachable`, but another remedy.
    case nameNotFound(String)
    case timedOut(String)
    /// A certificate or handshake problem: trying again does not help.
    case tls(String)
    case bodyTooLarge(limit: Int)
    /// The peer does not speak HTTP.
    case malformed(String)
    case cancelled
}

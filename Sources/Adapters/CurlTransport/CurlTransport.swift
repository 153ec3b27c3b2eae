internal import CCurl
internal import Glibc
public import OAuth
internal import Synchronization

/// An HTTP client over libcurl: all transfers run on one thread, connections are reused, redirects are not followed.
///
/// A POST is sent at most once. Plain http (loopback only) never uses a proxy. Dropping the last reference ends the
/// thread and closes the connections; a running request holds a reference.
public final class CurlTransport: HTTPTransport {
    /// What libcurl says of itself and the libraries that it uses (curl_version(3)).
    public static var libraryVersion: String { curl_version().map { String(cString: $0) } ?? "libcurl" }

    public struct Configuration: Sendable {
        /// Proxy for https; `nil`: `https_proxy` and `ALL_PROXY`, as libcurl reads them.
        public var proxy: String?
        /// Hosts that bypass the proxy; `nil`: `no_proxy`.
        public var noProxy: String?
        /// CA file used instead of the system's; `nil`: `CURL_CA_BUNDLE` or `SSL_CERT_FILE`, else the system's.
        public var caFile: String?
        /// Name of the setting behind `caFile`, for messages.
        var caSource = "network.ca_file"
        public var connectTimeout: Duration
        /// Limit for a whole request without a limit of its own.
        public var totalTimeout: Duration
        /// In bytes, after decoding.
        public var bodyLimit: Int
        public var userAgent: String

        public init(
            proxy: String? = nil, noProxy: String? = nil, caFile: String? = nil,
            connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(30),
            bodyLimit: Int = 1024 * 1024, userAgent: String = "authagent"
        ) {
            self.proxy = proxy
            self.noProxy = noProxy
            self.caFile = caFile
            self.connectTimeout = connectTimeout
            self.totalTimeout = totalTimeout
            self.bodyLimit = bodyLimit
            self.userAgent = userAgent
        }
    }

    private let configuration: Configuration
    private let lookups = SharedLookups()
    private let current: Mutex<TransferLoop>

    public init(_ configuration: Configuration) {
        var configuration = configuration
        // libcurl itself reads neither variable; only the curl command does.
        for name in ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] where configuration.caFile == nil {
            configuration.caFile = Self.environment(name)
            configuration.caSource = "\(name) in the agent's environment"
        }
        self.configuration = configuration
        current = Mutex(TransferLoop(lookups))
    }

    deinit { current.withLock { $0.stop() } }

    /// When no descriptor is free it waits for one, as the listener does. It is not a provider failure, which would
    /// start a back-off.
    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let end = ContinuousClock.now + (request.timeLimit ?? configuration.totalTimeout)
        while true {
            let transfer = Transfer(request, configuration)
            let result = await run(transfer)
            guard transfer.lackedDescriptor, ContinuousClock.now < end else { return try result.get() }
            do { try await Task.sleep(for: Self.pauseWithoutDescriptor) } catch { throw .cancelled }
        }
    }

    private static let pauseWithoutDescriptor: Duration = .milliseconds(50)

    private func run(_ transfer: Transfer) async -> Transfer.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.whenDone { continuation.resume(returning: $0) }
                // Under the lock, so that a transfer is never given to a loop that has been replaced.
                current.withLock { transfer.start(on: $0) }
            }
        } onCancel: {
            transfer.cancel()
        }
    }

    public func closeConnections() {
        current.withLock { loop in
            loop.retire()
            loop = TransferLoop(lookups)
        }
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}

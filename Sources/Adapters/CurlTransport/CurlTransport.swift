internal import CCurl
internal import Glibc
public import OAuth
internal import Synchronization

/// HTTP over libcurl: every transfer runs on one thread of its own, connections are reused, and no redirect is followed.
///
/// A POST is sent at most once. Plain http, which is for this machine only, never passes a proxy.
/// Dropping the last reference ends the thread and closes the connections; a request under way holds one.
public final class CurlTransport: HTTPTransport {
    public struct Configuration: Sendable {
        /// For https only. Nil: `https_proxy` and `ALL_PROXY`, as libcurl reads them.
        public var proxy: String?
        /// Nil: `no_proxy`.
        public var noProxy: String?
        /// Certificates to trust instead of the system's. Nil: `CURL_CA_BUNDLE` or `SSL_CERT_FILE`, else the system's.
        public var caFile: String?
        /// Where `caFile` is named, for messages.
        var caSource = "network.ca_file"
        public var connectTimeout: Duration
        /// For a whole request, unless it brings its own limit.
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
        // libcurl's library, unlike its command, reads neither variable.
        for name in ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] where configuration.caFile == nil {
            configuration.caFile = Self.environment(name)
            configuration.caSource = "\(name) in the agent's environment"
        }
        self.configuration = configuration
        current = Mutex(TransferLoop(lookups))
    }

    deinit { current.withLock { $0.stop() } }

    /// For want of a descriptor it waits until there is one, as connections to the agent do: that is not a fault of the
    /// provider's, which would be left alone for a while.
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
                // In one step, so that no loop is given a transfer once it has been replaced.
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

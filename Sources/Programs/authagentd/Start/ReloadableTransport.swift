internal import AgentAPI
internal import Configuration
internal import CurlTransport
internal import OAuth
internal import Synchronization

/// An HTTP transport whose settings a reload replaces. Requests in progress keep the settings they began with.
final class ReloadableTransport: HTTPTransport {
    private let current: Mutex<(transport: CurlTransport, settings: NetworkSettings)>

    init(_ settings: NetworkSettings) {
        current = Mutex((CurlTransport(CurlTransport.Configuration(settings)), settings))
    }

    func apply(_ settings: NetworkSettings) {
        current.withLock { current in
            guard settings != current.settings else { return }
            current = (CurlTransport(CurlTransport.Configuration(settings)), settings)
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        try await current.withLock { $0.transport }.send(request)
    }

    func closeConnections() { current.withLock { $0.transport }.closeConnections() }
}

extension CurlTransport.Configuration {
    fileprivate init(_ settings: NetworkSettings) {
        self.init(
            proxy: settings.proxy,
            noProxy: settings.noProxy,
            caFile: settings.caFile,
            connectTimeout: settings.connectTimeout,
            totalTimeout: settings.timeout,
            userAgent: "authagent/\(agentVersion)"
        )
    }
}

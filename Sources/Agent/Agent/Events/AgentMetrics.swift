internal import AgentAPI
internal import Formats
internal import Metrics
internal import OAuth
internal import Synchronization
internal import Vault

/// The counters of refreshes and of requests to providers. Serving a token from memory touches neither.
final class AgentMetrics: Sendable {
    private struct State {
        var refreshes: [String: UInt64] = [:]
        var upstream: [String: Histogram] = [:]
    }

    private let state = Mutex(State())

    /// In seconds, from a provider on this machine to the request timeout.
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    /// A zero for each possible result of a refresh. Results such as `locked` cannot occur.
    private static let noRefreshes: [String: UInt64] = {
        let codes: [Problem.Code] = [
            .badIDToken, .configurationError, .loginRequired, .providerChanged, .providerRejected,
            .providerUnreachable, .scopeNotGranted, .storeLocked, .storeUnavailable,
        ]
        return Dictionary(uniqueKeysWithValues: (["ok"] + codes.map(\.rawValue)).map { ($0, 0) })
    }()

    /// Counts a refresh. `result` is `ok` or the code of the problem.
    func refreshed(_ result: String) { state.withLock { $0.refreshes[result, default: 0] += 1 } }

    func asked(_ result: String, took duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
        state.withLock {
            $0.upstream[result, default: Histogram(bounds: Self.bounds)].observe(nanoseconds: nanoseconds)
        }
    }

    func write(into page: inout MetricsText) {
        let state = state.withLock { $0 }
        page.add(
            "authagent_refreshes_total", .counter,
            "Refreshes by result: 'ok' or the code of the problem that a client would get.",
            // Export zeros from the start; otherwise `rate()` misses the first refresh.
            state.refreshes.merging(AgentMetrics.noRefreshes) { count, _ in count }.sorted { $0.key < $1.key }.map {
                .init(Double($0.value), [("result", $0.key)])
            })
        page.add(
            "authagent_upstream_request_duration_seconds",
            "Requests to providers: class of the status, or why there was none.",
            state.upstream.sorted { $0.key < $1.key }.map { ([("result", $0.key)], $0.value) })
    }
}

/// A transport that measures how long the replies take.
struct MeasuredTransport: HTTPTransport {
    let transport: any HTTPTransport
    let time: any Time
    let metrics: AgentMetrics

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let start = time.now
        do throws(TransportFailure) {
            let response = try await transport.send(request)
            metrics.asked(Self.name(of: response.status), took: time.now - start)
            return response
        } catch {
            metrics.asked(Self.name(of: error), took: time.now - start)
            throw error
        }
    }

    func closeConnections() { transport.closeConnections() }

    /// Returns the status class, so that the number of series stays bounded.
    private static func name(of status: Int) -> String {
        (1...5).contains(status / 100) ? "\(status / 100)xx" : "other"
    }

    private static func name(of failure: TransportFailure) -> String {
        switch failure {
        case .unreachable: "unreachable"
        case .broken: "broken"
        case .nameNotFound: "name_not_found"
        case .timedOut: "timed_out"
        case .tls: "tls"
        case .bodyTooLarge: "body_too_large"
        case .malformed: "malformed"
        case .cancelled: "cancelled"
        }
    }
}

internal import AgentAPI
internal import Formats
internal import Metrics
internal import NIOConcurrencyHelpers

/// The server's metrics: requests by route and result, latencies, connections.
///
/// A request costs one uncontended lock and a few additions: routes and results are array indices.
final class ServerMetrics: Sendable {
    private struct State {
        /// Indexed by route and, within it, by result.
        var requests = [UInt64](repeating: 0, count: (routes.count + 1) * (codes.count + 1))
        var latencies = [Histogram](repeating: Histogram(bounds: bounds), count: routes.count + 1)
        var tokensAtOnce: UInt64 = 0
        var tokensAwaited: UInt64 = 0
        var connections = [UInt64](repeating: 0, count: ConnectionResult.allCases.count)
        var open = 0
    }

    enum ConnectionResult: Int, CaseIterable {
        case admitted, forbidden
        case tooMany
    }

    private let state = NIOLockedValueBox(State())

    /// In seconds: a cached token takes tens of microseconds, the longest answer `Limits.answerTime`.
    private static let bounds = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 10, 40,
    ]
    private static let routes = Resource.allCases
    private static let rows = Dictionary(uniqueKeysWithValues: zip(routes, 0...))
    private static let codes = Problem.Code.allCases
    /// The indices of the codes; 0 stands for success.
    private static let places = Dictionary(uniqueKeysWithValues: zip(codes, 1...))

    /// Counts an answered request. It has no route if its path is unknown or it could not be parsed.
    func answered(_ route: Resource?, _ code: Problem.Code?, isAtOnce: Bool, nanoseconds: Int64?) {
        let row = route.flatMap { Self.rows[$0] } ?? Self.routes.count
        let place = code.map { Self.places[$0] ?? 0 } ?? 0
        state.withLockedValue { state in
            state.requests[row * (Self.codes.count + 1) + place] += 1
            if let nanoseconds { state.latencies[row].observe(nanoseconds: UInt64(max(0, nanoseconds))) }
            guard route == .token || route == .urlToken, code == nil, nanoseconds != nil else { return }
            if isAtOnce { state.tokensAtOnce += 1 } else { state.tokensAwaited += 1 }
        }
    }

    func connected(_ admission: ConnectionResult) {
        state.withLockedValue { state in
            state.connections[admission.rawValue] += 1
            if admission == .admitted { state.open += 1 }
        }
    }

    func disconnected() { state.withLockedValue { $0.open -= 1 } }
}

extension ServerMetrics: MetricSource {
    func write(into page: inout MetricsText) {
        let state = state.withLockedValue { $0 }
        let names = Self.routes.map(\.path) + ["other"]
        let results = ["ok"] + Self.codes.map(\.rawValue)
        page.add(
            "authagent_requests_total", .counter,
            "Requests by route and result: 'ok' or the code of the problem. Route 'other' is an unknown path.",
            state.requests.enumerated().filter { $0.element > 0 }.map { place, count in
                let (row, column) = place.quotientAndRemainder(dividingBy: results.count)
                return .init(Double(count), [("route", names[row]), ("result", results[column])])
            }
        )
        page.add(
            "authagent_request_duration_seconds",
            "From a complete request to its answer, or to the first byte of a stream.",
            zip(names, state.latencies).map { ([("route", $0)], $1) }
        )
        page.add(
            "authagent_token_cache_hits_total", .counter, "Tokens served from memory without waiting.",
            Double(state.tokensAtOnce))
        page.add(
            "authagent_token_cache_misses_total", .counter,
            "Tokens served after waiting for a store or the provider.", Double(state.tokensAwaited))
        page.add(
            "authagent_connections_total", .counter, "Connections by the result of their admission.",
            zip(["admitted", "forbidden", "too_many"], state.connections).map { .init(Double($1), [("result", $0)]) })
        page.add("authagent_connections_open", .gauge, "Open connections.", Double(state.open))
    }
}

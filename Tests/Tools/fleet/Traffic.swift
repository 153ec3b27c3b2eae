/// Requests that reach the provider, in each second of virtual time.
struct Traffic {
    private var counts: [Int32] = []

    mutating func count(at moment: Moment) {
        let second = Int(moment / .seconds(1))
        if second >= counts.count { counts += [Int32](repeating: 0, count: second + 3600 - counts.count) }
        counts[second] += 1
    }

    /// The figures of a window of whole seconds.
    func figures(from begin: Moment, to end: Moment) -> Figures {
        let first = Int(begin / .seconds(1))
        let last = max(first + 1, Int((end + .seconds(1) - 1) / .seconds(1)))
        let window = (first..<last).map { $0 < counts.count ? Int(counts[$0]) : 0 }
        let tens = stride(from: 0, to: window.count, by: 10).map { window[$0..<min($0 + 10, window.count)] }
        return Figures(
            requests: window.reduce(0, +), seconds: window.count, peak: Double(window.max() ?? 0),
            peakOfTen: tens.filter { $0.count == 10 }.map { Double($0.reduce(0, +)) / 10 }.max())
    }

    struct Figures {
        var requests: Int
        var seconds: Int
        /// Requests in the busiest second.
        var peak: Double
        /// Requests per second in the busiest ten seconds; `nil` for a shorter window.
        var peakOfTen: Double?

        var mean: Double { Double(requests) / Double(seconds) }
        /// The higher of both peaks is the one of a second.
        var ratio: Double { requests == 0 ? 0 : peak / mean }
    }
}

/// A histogram of durations with fixed buckets. Recording costs a few comparisons and two additions.
public struct Histogram: Sendable {
    /// In seconds, ascending; larger values have no bucket of their own.
    public let bounds: [Double]
    /// One count for each bound, and one for values above the last.
    public private(set) var counts: [UInt64]
    public private(set) var count: UInt64 = 0
    private let limits: [UInt64]
    private var nanoseconds: UInt64 = 0

    public init(bounds: [Double]) {
        self.bounds = bounds
        limits = bounds.map { UInt64(($0 * 1e9).rounded()) }
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var sum: Double { Double(nanoseconds) / 1e9 }

    public mutating func observe(nanoseconds value: UInt64) {
        var place = 0
        while place < limits.count, value > limits[place] { place += 1 }
        counts[place] += 1
        count += 1
        // Overflows after centuries of measured time.
        nanoseconds &+= value
    }
}

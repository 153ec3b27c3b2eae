/// How often something took how long, in buckets that never change. Costs a few comparisons and two additions.
public struct Histogram: Sendable {
    /// In seconds, ascending; what is above the last is in no bucket of its own.
    public let bounds: [Double]
    /// One for each bound, and one for what is above all of them.
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
        // Centuries, before a sum of real times gets there.
        nanoseconds &+= value
    }
}

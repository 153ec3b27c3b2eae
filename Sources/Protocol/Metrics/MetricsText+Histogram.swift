public import Formats

extension MetricsText {
    /// Adds one family of histograms, without the empty ones.
    public mutating func add(
        _ name: String, _ help: String, _ histograms: [(labels: [(name: String, value: String)], histogram: Histogram)]
    ) {
        let filled = histograms.filter { $0.histogram.count > 0 }
        guard !filled.isEmpty else { return }
        begin(name, .histogram, help)
        for (labels, histogram) in filled {
            // A bucket counts all values up to its bound (cumulative).
            var total: UInt64 = 0
            for (bound, count) in zip(histogram.bounds, histogram.counts) {
                total += count
                line(name + "_bucket", labels + [("le", Self.number(bound))], Double(total))
            }
            line(name + "_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            line(name + "_sum", labels, histogram.sum)
            line(name + "_count", labels, Double(histogram.count))
        }
    }
}

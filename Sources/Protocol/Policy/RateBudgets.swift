/// How much of each rule's `max_per_minute` each user has left: a bucket that starts full and refills evenly.
struct RateBudgets: Sendable {
    struct Key: Hashable, Sendable {
        var rule: Int
        /// The owner of a subordinate user ID. `nil` for all that have neither an entry nor an owner: they share a
        /// bucket.
        var user: UInt32?
    }

    private struct Bucket {
        var left: Double
        var at: ContinuousClock.Instant
    }

    /// More users at once than a machine has; each costs some 50 bytes.
    static let limit = 4096

    private var buckets: [Key: Bucket] = [:]

    /// Takes one from the bucket; if it is empty, returns how many seconds to wait.
    mutating func take(_ key: Key, perMinute: Int, at now: ContinuousClock.Instant) -> Int? {
        var bucket = buckets[key] ?? Bucket(left: Double(perMinute), at: now)
        bucket.left = Self.left(bucket, perMinute: perMinute, at: now)
        bucket.at = now
        guard bucket.left >= 1 else {
            return max(1, Int(((1 - bucket.left) * 60 / Double(perMinute)).rounded(.up)))
        }
        bucket.left -= 1
        if buckets[key] == nil, buckets.count >= Self.limit { forget(at: now) }
        buckets[key] = bucket
        return nil
    }

    private static func left(_ bucket: Bucket, perMinute: Int, at now: ContinuousClock.Instant) -> Double {
        let seconds = max(0, Double((now - bucket.at) / .seconds(1)))
        return min(Double(perMinute), bucket.left + seconds * Double(perMinute) / 60)
    }

    /// Removes buckets older than a minute, which are full again. If none is that old, removes the oldest: that user
    /// gets a few extra requests, and the memory stays bounded.
    private mutating func forget(at now: ContinuousClock.Instant) {
        let before = buckets.count
        buckets = buckets.filter { now - $0.value.at < .seconds(60) }
        guard buckets.count == before, let oldest = buckets.min(by: { $0.value.at < $1.value.at })?.key else { return }
        buckets[oldest] = nil
    }
}

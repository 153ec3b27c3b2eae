/// How much of each rule's `max_per_minute` each person has used: a bucket that starts full and fills up evenly.
struct RateBudgets: Sendable {
    struct Key: Hashable, Sendable {
        var rule: Int
        /// Of a subordinate user ID its owner's. `nil`: all that have neither an entry nor an owner, together.
        var user: UInt32?
    }

    private struct Bucket {
        var left: Double
        var at: ContinuousClock.Instant
    }

    /// More users at once than a machine has; each costs some 50 bytes.
    static let limit = 4096

    private var buckets: [Key: Bucket] = [:]

    /// Takes one, or returns how many seconds there is none.
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

    /// After a minute every bucket is full, and is no other than a new one. If none is that old, the oldest goes: that
    /// user gets a few requests more, and the memory stays bounded.
    private mutating func forget(at now: ContinuousClock.Instant) {
        let before = buckets.count
        buckets = buckets.filter { now - $0.value.at < .seconds(60) }
        guard buckets.count == before, let oldest = buckets.min(by: { $0.value.at < $1.value.at })?.key else { return }
        buckets[oldest] = nil
    }
}

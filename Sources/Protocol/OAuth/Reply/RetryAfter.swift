internal import Formats

/// The delay that a server requests (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// Longer delays are shortened, so that a server's mistake does not block an account for days.
    package static let maximum: Duration = .seconds(3600)

    /// Reads seconds, or a date relative to the reply's own `Date`, so that no clock needs to be right; `nil` if absent
    /// or unreadable.
    package static func wait(_ response: HTTPResponse) -> Duration? {
        guard let text = response.header("Retry-After").map(trimmed) else { return nil }
        if !text.isEmpty, text.utf8.allSatisfy(\.isDigit) {
            // Digits that overflow mean a very long delay.
            return min(.seconds(Int32(text) ?? .max), maximum)
        }
        guard let until = IMFDate.seconds(text), let now = response.header("Date").map(trimmed).flatMap(IMFDate.seconds)
        else { return nil }
        return min(max(.seconds(until - now), .zero), maximum)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

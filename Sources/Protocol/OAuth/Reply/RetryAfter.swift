internal import Formats

/// How long a server asks to wait (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// A server that asks for more is asked earlier, so that a mistake there does not silence an account for days.
    package static let maximum: Duration = .seconds(3600)

    /// Seconds, or a date, which is taken relative to the reply's own `Date`, so that no clock needs to be right. Nil
    /// if absent or unreadable.
    package static func wait(_ response: HTTPResponse) -> Duration? {
        guard let text = response.header("Retry-After").map(trimmed) else { return nil }
        if !text.isEmpty, text.utf8.allSatisfy(\.isDigit) {
            // Digits that do not fit are a very long time.
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

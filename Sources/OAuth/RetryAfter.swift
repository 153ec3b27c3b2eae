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

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one date format that senders may use (RFC 9110 §5.6.7).
private enum IMFDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970. By hand, because date formatters bring in all of ICU.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5] == "GMT", let day = number(parts[1], 1...31),
            let month = months.firstIndex(of: String(parts[2])), let year = number(parts[3], 1970...9999)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        // 60: a leap second.
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        return ((days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy(\.isDigit), let number = Int(text), range.contains(number) else { return nil }
        return number
    }

    /// Days since 1970-01-01 in the Gregorian calendar. The year starts in March, so that the leap day comes last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}

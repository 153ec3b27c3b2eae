/// Times in UTC as `2026-11-30T12:00:00Z` (RFC 3339 §5.6).
package enum RFC3339 {
    /// Returns seconds since 1970; `nil` if the text is anything else. A fraction of a second is dropped.
    package static func seconds(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard (20...32).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
        for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)]
        where bytes[place] != UInt8(ascii: mark) {
            return nil
        }
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21, bytes[20...].dropLast().allSatisfy(\.isDigit) else {
                return nil
            }
        }
        func number(_ places: Range<Int>, _ range: ClosedRange<Int>) -> Int? {
            guard bytes[places].allSatisfy(\.isDigit) else { return nil }
            let number = bytes[places].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            return range.contains(number) ? number : nil
        }
        // 60 is a leap second.
        guard let year = number(0..<4, 1970...9999), let month = number(5..<7, 1...12),
            let day = number(8..<10, 1...31),
            let hour = number(11..<13, 0...23), let minute = number(14..<16, 0...59),
            let second = number(17..<19, 0...60)
        else { return nil }
        return ((CivilDate.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    /// Returns the time of seconds since 1970. Written by hand, because date formatters link all of ICU.
    package static func text(_ seconds: Int) -> String {
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        var (year, month, day) = (1970, 1, days)
        while day >= length(ofYear: year) {
            day -= length(ofYear: year)
            year += 1
        }
        while day >= length(ofMonth: month, year) {
            day -= length(ofMonth: month, year)
            month += 1
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day + 1, 2))"
            + "T\(digits(second / 3600, 2)):\(digits(second / 60 % 60, 2)):\(digits(second % 60, 2))Z"
    }

    private static func length(ofYear year: Int) -> Int { CivilDate.days(year + 1, 1, 1) - CivilDate.days(year, 1, 1) }

    private static func length(ofMonth month: Int, _ year: Int) -> Int {
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        return CivilDate.days(next.0, next.1, 1) - CivilDate.days(year, month, 1)
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}

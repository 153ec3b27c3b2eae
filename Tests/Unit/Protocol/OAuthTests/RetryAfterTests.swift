import OAuth
import Testing

@Suite struct RetryAfterTests {
    private func wait(_ value: String, date: String? = nil) -> Duration? {
        var headers = [(name: "retry-AFTER", value: value)]
        if let date { headers.append((name: "Date", value: date)) }
        return RetryAfter.wait(HTTPResponse(503, "", headers))
    }

    @Test(
        "seconds are read, up to an hour",
        arguments: [
            ("0", 0), ("120", 120), (" 7\t", 7), ("3600", 3600), ("3601", 3600), ("99999999999999999999", 3600),
        ]
    )
    func seconds(value: String, expected: Int) {
        #expect(wait(value) == .seconds(expected))
    }

    @Test("an unreadable value is ignored", arguments: ["", "-1", "+5", "1.5", "soon", "5s", "٣", "0x10"])
    func unreadable(value: String) {
        #expect(wait(value) == nil)
        #expect(RetryAfter.wait(HTTPResponse(503)) == nil)
    }

    @Test(
        "a date is relative to the reply's own date, so that no clock matters",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30),
            ("Thu, 29 Feb 2024 00:00:10 GMT", "Wed, 28 Feb 2024 23:59:50 GMT", 20),
            ("Mon, 01 Jan 2024 00:00:00 GMT", "Sun, 31 Dec 2023 23:59:59 GMT", 1),
            ("Wed, 01 Mar 2023 00:00:00 GMT", "Tue, 28 Feb 2023 23:59:00 GMT", 60),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 07 Nov 1994 08:49:37 GMT", 0),
            ("Mon, 07 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 3600),
        ]
    )
    func dates(value: String, date: String, expected: Int) {
        #expect(wait(value, date: date) == .seconds(expected))
    }

    @Test(
        "a date in another format, or without a date to count from, is ignored",
        arguments: [
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ]
    )
    func otherDates(value: String) {
        #expect(wait(value, date: "Sun, 06 Nov 1994 08:49:37 GMT") == nil)
        #expect(wait("Sun, 06 Nov 1994 08:49:37 GMT") == nil)
    }
}

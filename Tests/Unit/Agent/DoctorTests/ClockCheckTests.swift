import AgentAPI
import Doctor
import OAuth
import Testing

struct ClockCheckTests {
    private static let sent = 784_111_777  // Sun, 06 Nov 1994 08:49:37 GMT

    @Test(
        "a clock may differ by a minute; beyond five, ID tokens fail",
        arguments: [
            (0, DoctorCheck.State.ok), (60, .ok), (-60, .ok), (61, .warning), (-61, .warning), (300, .warning),
            (301, .problem), (-86_400, .problem),
        ])
    func limits(ahead: Int, state: DoctorCheck.State) {
        let facts = ClockFacts(date: Self.sent - ahead, sent: Self.sent, received: Self.sent)
        let check = DoctorCheck.clock(facts, of: "https://issuer.example")
        #expect(check.state == state)
        #expect(check.issuer == "https://issuer.example")
        guard state != .ok else { return }
        let direction = ahead > 0 ? "ahead of" : "behind"
        #expect(check.detail.contains("\(abs(ahead)) s \(direction)"))
        #expect(check.hint?.contains("timedatectl") == true)
    }

    @Test("the duration of a slow request is not a difference of the clocks")
    func slowRequest() {
        for date in [Self.sent, Self.sent + 50, Self.sent + 100] {
            #expect(ClockFacts(date: date, sent: Self.sent, received: Self.sent + 100).ahead == 0)
        }
        #expect(ClockFacts(date: Self.sent - 1, sent: Self.sent, received: Self.sent + 100).ahead == 1)
        #expect(ClockFacts(date: Self.sent + 103, sent: Self.sent, received: Self.sent + 100).ahead == -3)
    }

    @Test("a cached reply's date is corrected by its Age; without a date there is no result")
    func headers() {
        let date = (name: "date", value: "Sun, 06 Nov 1994 08:49:37 GMT")
        func facts(_ headers: [(name: String, value: String)]) -> ClockFacts? {
            ClockFacts(HTTPResponse(status: 200, headers: headers, body: []), sent: 1, received: 2)
        }
        #expect(facts([date])?.date == Self.sent)
        #expect(facts([date, (name: "Age", value: "3000")])?.date == Self.sent + 3000)
        #expect(facts([date, (name: "Age", value: "-1")])?.date == Self.sent)
        #expect(facts([date, (name: "Age", value: "nonsense")])?.date == Self.sent)
        #expect(facts([]) == nil)
        #expect(facts([(name: "Date", value: "yesterday")]) == nil)
    }
}

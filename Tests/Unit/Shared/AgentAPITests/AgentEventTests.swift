import AgentAPI
import Testing

struct AgentEventTests {
    @Test("an id is parsed from its own text")
    func id() {
        let id = EventID(origin: "0a1b2c3d4e5f6071", count: 12)
        #expect(EventID(id.description) == id)
        #expect(EventID("a-18446744073709551615")?.count == .max)
    }

    @Test(
        "a malformed id is refused",
        arguments: [
            "", "-", "a-", "-1", "a-1-2", "a--1", "a-+1", "A-1", "a-18446744073709551616", "a 1", "ä-1", "a-1\n",
        ])
    func noID(text: String) { #expect(EventID(text) == nil) }

    @Test(
        "every event is decoded from one line of JSON, with its members beside its id",
        arguments: AgentNews.Kind.allCases)
    func roundTrip(kind: AgentNews.Kind) throws {
        var news = AgentNews(kind, account: AccountName("work"))
        (news.expiresAt, news.state) = (1_800_000_000, .locked)
        news.denial = AgentNews.Denial(user: 1001, pid: 7, executable: "/usr/bin/curl")
        let event = AgentEvent(id: EventID(origin: "a", count: 1), time: 1_790_000_000, news: news)
        let line = try APIJSON.encode(event)
        #expect(!line.contains(UInt8(ascii: "\n")))
        #expect(try APIJSON.decode(AgentEvent.self, from: line) == event)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.contains(#""event":"\#(kind.rawValue)""#))
        #expect(text.contains(#""id":"a-1""#))
        #expect(text.contains(#""uid":1001"#))
    }
}

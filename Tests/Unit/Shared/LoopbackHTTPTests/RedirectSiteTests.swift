import LoopbackHTTP
import Synchronization
import Testing

struct RedirectSiteTests {
    private let site = RedirectSite(
        path: "/callback/work", shortPath: "/ab12cd", authorizationURI: "https://issuer.example/authorize?a=b&c=d")

    private func request(_ target: String, method: String = "GET") throws -> LoopbackRequest {
        try LoopbackRequest(
            parsing: Array("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n".utf8), .lenient)
    }

    /// The reply, and the queries that were taken.
    private func reply(
        _ target: String, method: String = "GET", _ verdict: RedirectSite.Verdict = .accepted
    ) throws -> (reply: LoopbackReply, taken: [String]) {
        var taken: [String] = []
        let reply = site.reply(to: try request(target, method: method)) { query in
            taken.append(query)
            return verdict
        }
        return (reply, taken)
    }

    @Test(
        "a response is taken as it was sent, and the browser goes to an address without it",
        arguments: ["a", "%zz&a&a"])
    func response(query: String) throws {
        for (verdict, page) in [(RedirectSite.Verdict.accepted, "/accepted"), (.declined, "/declined")] {
            let (reply, taken) = try reply("/callback/work?\(query)", verdict)
            #expect(taken == [query] && reply.status == 302 && reply.location == page)
            let last = try request(page)
            #expect(RedirectSite.isLastPage(last))
            let shown = site.reply(to: last) { _ in .ignored }
            #expect(
                shown.status == 200 && String(decoding: shown.body, as: UTF8.self).contains("This tab may be closed."))
        }
    }

    @Test("a response that is not accepted gets 404, and nothing of it is repeated")
    func ignored() throws {
        let (reply, taken) = try reply("/callback/work?code=c0de&state=other", .ignored)
        #expect(taken.count == 1 && reply.status == 404)
        #expect(!String(decoding: reply.body, as: UTF8.self).contains("c0de"))
    }

    @Test("the short path leads to the provider's address while there is one")
    func short() throws {
        #expect(try reply("/ab12cd").reply.location == "https://issuer.example/authorize?a=b&c=d")
        #expect(try reply("/ab12cd", method: "HEAD").reply.status == 302)
        var answered = site
        answered.authorizationURI = nil
        #expect(answered.reply(to: try request("/ab12cd")) { _ in .accepted }.status == 404)
    }

    @Test(
        "whatever else is requested gets 404, and is not taken",
        arguments: [
            "/", "/callback/work", "/callback?code=a", "/callback/work/?code=a", "/CALLBACK/work?code=a",
            "/favicon.ico",
            "/ab12cd?x", "/ab12ce", "/accepted?code=a", "/callback%2fwork?code=a", "//callback/work?code=a",
        ])
    func others(target: String) throws {
        let (reply, taken) = try reply(target)
        #expect(reply.status == 404 && taken.isEmpty)
    }

    @Test("HEAD takes no response")
    func head() throws {
        let (reply, taken) = try reply("/callback/work?code=a&state=b", method: "HEAD")
        #expect(reply.status == 404 && taken.isEmpty)
    }

    @Test("an address that would end the field is not sent")
    func unsafe() {
        for address in ["", "https://a.example/\r\nx: y", "https://a.example/ b", "https://é.example/"] {
            #expect(LoopbackReply.redirect(to: address) == nil)
        }
    }
}

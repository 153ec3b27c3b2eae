import Formats
import OAuth
import Testing

/// URLs of services: one form for one place, and none that two programs could read in two ways.
struct ServiceURLTests {
    private func text(_ url: String) -> String? { try? ServiceURL(parsing: url).text }

    private func rejection(_ url: String) -> URLRejection? {
        do throws(URLRejection) { _ = try ServiceURL(parsing: url) } catch { return error }
        return nil
    }

    @Test(
        "a URL has one form",
        arguments: [
            ("https://git.example.com", "https://git.example.com/"),
            ("HTTPS://Git.Example.COM:443/", "https://git.example.com/"),
            ("https://git.example.com:0443/team", "https://git.example.com/team/"),
            ("https://git.example.com:8443/Team/", "https://git.example.com:8443/Team/"),
            ("https://git.example.com/%7euser/%41", "https://git.example.com/~user/A/"),
            ("https://git.example.com/caf%c3%a9/a%20b", "https://git.example.com/caf%C3%A9/a%20b/"),
            ("https://git.example.com/...", "https://git.example.com/.../"),
            ("https://git.example.com/.git/a..b", "https://git.example.com/.git/a..b/"),
            ("https://git.example.com/a;v=1", "https://git.example.com/a;v=1/"),
            ("https://registry", "https://registry/"),
            ("https://my_registry:5000/v2", "https://my_registry:5000/v2/"),
            ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
            ("https://192.0.2.1/a", "https://192.0.2.1/a/"),
            ("https://[2001:DB8:0:0:1:0:0:1]/", "https://[2001:db8::1:0:0:1]/"),
            ("https://[2001:db8::]:443/", "https://[2001:db8::]/"),
            ("https://[::ffff:192.0.2.1]/", "https://[::ffff:c000:201]/"),
            ("https://[1:0:0:2:0:0:0:3]/", "https://[1:0:0:2::3]/"),
            ("https://[1:2:3:4:5:6:0:8]/", "https://[1:2:3:4:5:6:0:8]/"),
            ("https://[1:2:3:4:5:6:7::]/", "https://[1:2:3:4:5:6:7:0]/"),
            ("https://[::]/", "https://[::]/"),
            ("http://localhost:80/a", "http://localhost/a/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://127.255.255.254/", "http://127.255.255.254/"),
            ("http://[0:0:0:0:0:0:0:1]:3000/", "http://[::1]:3000/"),
        ])
    func normalForm(url: String, expected: String) {
        #expect(text(url) == expected)
    }

    @Test(
        "dot segments are refused, in each way of writing them",
        arguments: [
            "/.", "/..", "/a/../b", "/a/./b", "/%2e%2E/b", "/.%2e", "/%2e", "/..;/b", "/..;x=y/b", "/..%3b/b",
            "/..%20/b",
            "/%20./b",
        ])
    func dotSegments(path: String) {
        #expect(rejection("https://git.example.com" + path) == .dotSegment)
    }

    @Test(
        "characters that some servers decode early, or twice, are refused",
        arguments: [
            "/a%2Fb", "/a%2fb", "/%2F", "/a%5Cb", "/a%5c..%5c", "/a%00", "/a%0a", "/a%0D%0Ab", "/a%7f", "/a%252Fb",
            "/%25",
            "/%c0%af", "/%c0%ae%c0%ae", "/%ff", "/%ed%a0%80",
        ])
    func encodedCharacters(path: String) {
        #expect(rejection("https://git.example.com" + path) == .encodedCharacter)
    }

    @Test("an empty segment is refused, except at the end", arguments: ["//", "//a", "/a//b", "/a//", "///"])
    func emptySegments(path: String) {
        #expect(rejection("https://git.example.com" + path) == .emptySegment)
    }

    @Test(
        "characters that a URL cannot have are refused",
        arguments: ["/a\\b", "/a b", "/a\u{0}", "/a\nb", "/é", "/a%", "/a%2", "/a%zz", "/<a>", "/\u{202E}", "/a\u{7F}"])
    func forbiddenCharacters(path: String) {
        #expect(rejection("https://git.example.com" + path) == .forbiddenCharacter)
    }

    @Test(
        "a host that is missing, malformed, or an address in an unusual form is refused",
        arguments: [
            "https:///a", "https://:443/", "https://.", "https://git.example.com./", "https://.example.com/",
            "https://a..example.com/", "https://-a.example.com/", "https://a-.example.com/", "https://127.1/",
            "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
            "https://127.0.0.01/", "https://256.1.1.1/", "https://1.2.3.4.5/", "https://a.1/", "https://a%2eb/",
            "https://[::1/", "https://[::1]x/", "https://[1:2:3]/", "https://[::1::2]/", "https://[:1:2:3:4:5:6:7]/",
            "https://[1:2:3:4:5:6:7:]/", "https://[1:2:3:4:5:6:7:8:9]/", "https://[1::2:3:4:5:6:7:8]/",
            "https://[fe80::1%25eth0]/", "https://[12345::]/", "https://[::1.2.3]/", "https://[1.2.3.4::]/",
            "https://[v1.x]/", "https://[:]/", "https://[:::]/",
        ])
    func hosts(url: String) {
        let rejection = rejection(url)
        #expect(
            rejection == .invalidHost || rejection == .forbiddenCharacter, "\(url): \(String(describing: rejection))")
    }

    @Test("a label or a host that is too long is refused")
    func longHosts() {
        let label = String(repeating: "a", count: 63)
        #expect(text("https://\(label).example/") != nil)
        #expect(rejection("https://a\(label).example/") == .invalidHost)
        let host = [label, label, label, label].joined(separator: ".")
        #expect(rejection("https://\(host)/") == .invalidHost)
        let limit = 2048
        #expect(rejection("https://a.example/" + String(repeating: "a", count: limit)) == .tooLong(limit: limit))
        #expect(rejection(String(repeating: "%", count: 100_000)) == .tooLong(limit: limit))
    }

    @Test(
        "plain http is for this machine's addresses and its name alone",
        arguments: [
            "http://git.example.com/", "http://128.0.0.1/", "http://0.0.0.0/", "http://[::]/", "http://[::2]/",
            "http://[::ffff:127.0.0.1]/", "http://a.localhost/", "http://localhost.example.com/", "http://10.0.0.1/",
        ])
    func plainHTTP(url: String) {
        guard case .insecure? = rejection(url) else {
            Issue.record("\(url): \(String(describing: rejection(url)))")
            return
        }
    }

    @Test("other schemes, and texts that are not absolute URLs, are refused")
    func schemes() {
        #expect(rejection("ftp://git.example.com/") == .unsupportedScheme("ftp"))
        #expect(rejection("git.example.com") == .notAbsolute)
        #expect(rejection("//git.example.com/") == .notAbsolute)
        #expect(rejection("https:git.example.com") == .notAbsolute)
        #expect(rejection("") == .empty)
    }

    @Test("user information, and a port that is not one, are refused")
    func authority() {
        for url in ["https://me@git.example.com/", "https://me:pw@git.example.com/", "https://@git.example.com/"] {
            #expect(rejection(url) == .userInfo)
        }
        for port in ["", "0", "65536", "-1", "+1", "4a"] {
            #expect(rejection("https://git.example.com:\(port)/") == .invalidPort, "\(port)")
        }
    }

    @Test("a file's URL has no query and no fragment; those of a request do not count")
    func queries() throws {
        #expect(rejection("https://git.example.com/a?b") == .query)
        #expect(rejection("https://git.example.com/a#b") == .fragment)
        #expect(rejection("https://git.example.com?") == .query)
        let url = try ServiceURL(ofRequest: "https://git.example.com/a?b=/../%2F#c//")
        #expect(url.text == "https://git.example.com/a/")
    }

    @Test("the prefixes of a URL are by whole segments, the longest first, down to the host")
    func prefixes() throws {
        let url = try ServiceURL(parsing: "https://git.example.com:8443/team/x")
        #expect(
            url.prefixes.map(String.init) == [
                "https://git.example.com:8443/team/x/", "https://git.example.com:8443/team/",
                "https://git.example.com:8443/",
            ])
        #expect(try ServiceURL(parsing: "http://[::1]").prefixes.map(String.init) == ["http://[::1]/"])
    }

    @Test("a URL of a thousand segments is parsed and cut without harm")
    func manySegments() throws {
        let url = try ServiceURL(parsing: "https://a.example" + String(repeating: "/a", count: 1000))
        #expect(url.prefixes.reduce(0) { count, _ in count + 1 } == 1001)
    }
}

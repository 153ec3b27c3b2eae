/// Plain token requests with small changes, most of which keep them valid or nearly so.
enum PlainMutation {
    private static let lines = [
        "Host: localhost", "host:localhost:80", "HOST:", "Host:  localhost ", "Accept: */*", "Accept: text/plain",
        "accept: application/json", "Accept: text/html", "Connection: keep-alive", "Connection: close",
        "connection: Close", "Connection: keep-alive, close", "User-Agent: curl/8.1", "user-agent: a b (c)",
        "Accept-Encoding: gzip", "Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked",
        "Origin: http://a", "X-Other: 1", "Expect: 100-continue", "Upgrade: h2c", "Host: evil.example", "Accept :*/*",
        " folded", "Accept:\t*/*", "Range: bytes=0-1", "Sec-Fetch-Mode: cors", "Authorization: Bearer x",
    ]
    private static let targets = [
        "/v1/accounts/work/token", "/v1/accounts/work/token?min_valid=60", "/v1/accounts/work/token?min_valid=0060",
        "/v1/accounts/work/token?min_valid=86401", "/v1/accounts/work/token?min_valid=", "/v1/accounts/w%6Frk/token",
        "/v1/accounts/work/token?", "/v1/accounts/work/token?min_valid=1&min_valid=2", "/v1/accounts/work/token/",
        "/v1/accounts/other/token", "/v1//accounts/work/token", "http://localhost/v1/accounts/work/token",
        "/v1/accounts/work/token?scope=a", "/v1/accounts/work/token?min_valid=-1", "/v1/accounts/work/token#a",
        "/v1/accounts//token", "/v1/accounts/../accounts/work/token",
    ]

    static func next(_ random: inout SeededGenerator) -> [UInt8] {
        let method = chance(20, &random) ? ["HEAD", "get", "POST", "GET "].randomElement(using: &random) ?? "" : "GET"
        let target = chance(2, &random) ? targets.randomElement(using: &random) ?? "" : targets[0]
        let version =
            chance(20, &random) ? ["HTTP/1.0", "HTTP/2.0", "http/1.1"].randomElement(using: &random) ?? "" : "HTTP/1.1"
        var fields = chance(10, &random) ? [] : ["Host: localhost"]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            fields.append(lines.randomElement(using: &random) ?? "")
        }
        fields.shuffle(using: &random)
        let separator = chance(30, &random) ? "\n" : "\r\n"
        let text = ([method + " " + target + " " + version] + fields).joined(separator: separator) + "\r\n\r\n"
        var bytes = Array(text.utf8)
        guard chance(3, &random), let index = bytes.indices.randomElement(using: &random) else { return bytes }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes.insert(bytes[index], at: index)
        }
        return bytes
    }

    private static func chance(_ one: Int, _ random: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<one, using: &random) == 0
    }
}

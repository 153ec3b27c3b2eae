internal import Formats
internal import OAuth

/// Makes damaged and hostile replies out of the known ones. The same seed gives the same replies.
package struct ReplyMutator {
    /// What the requests are taken to hold, so that a reply can echo it.
    package static let sent = ["dc-Zx81kQ+7w/PLm3=v9", "cs~Hn5 2vT\"q\\8RyB0jU"]

    private var random: SeededGenerator
    private let seeds = ReplyCase.all.map { (status: $0.status, body: $0.body) } + otherSeeds

    package init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    package mutating func next() -> (status: Int, retryAfter: String?, body: [UInt8]) {
        let seed = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        var body = Array(seed.body.utf8)
        if case .object(let members)? = try? JSONReader.read(body), Int.random(in: 0..<4, using: &random) > 0 {
            var writer = HostileJSON(random: random)
            body = writer.write(members, asForm: Int.random(in: 0..<8, using: &random) == 0)
            random = writer.random
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { damage(&body) }
        let statuses = [seed.status, seed.status, 200, 400, 401, 403, 409, 410, 418, 429, 503, 302, 99, -1]
        return (
            pick(statuses, or: 400), pick([nil, nil, nil, "30", "99999999999999999999", "x\u{0}", "-1"], or: nil), body
        )
    }

    private mutating func pick<Value>(_ values: [Value], or fallback: Value) -> Value {
        values.randomElement(using: &random) ?? fallback
    }

    /// One mistake on the wire.
    private mutating func damage(_ body: inout [UInt8]) {
        guard let index = body.indices.randomElement(using: &random) else {
            body = pick(Self.fragments, or: [])
            return
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &random)
        case 1: body.remove(at: index)
        case 2: body.removeSubrange(index...)
        case 3: body.insert(contentsOf: body[..<index], at: body.endIndex)
        default: body.insert(contentsOf: pick(Self.fragments, or: []), at: index)
        }
    }

    private static let fragments: [[UInt8]] =
        [
            "\"", "\\", "\\u", "\\ud800", "\\u001b[31m", "\\u202e", "{", "}", "[", "]", ",", ":", "%", "=", "&", "+",
            "\u{0}", "\u{1B}", "1e", "-", "\u{FEFF}", "null", "\"error\":", "https://", "@", "#", "[::", "\r\n",
            "<html>", "access_token=", "error=", String(repeating: "[", count: 40),
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90]]
}

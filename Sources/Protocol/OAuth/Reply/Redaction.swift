internal import Formats
package import SecretMemory
internal import Synchronization

/// Takes our secrets out of a server's words before anybody sees them: some servers echo what was sent to them.
package struct Redaction: Sendable {
    package static let replacement = "<redacted>"

    /// Shorter ones are no secrets, and would tear ordinary words apart.
    private static let shortestSecret = 4

    /// What chance does not bring about.
    fileprivate static let shortestPart = 10

    private let secrets: [SecretBytes]
    private let prepared = Prepared()

    package init(_ secrets: [SecretBytes]) { self.secrets = secrets.filter { $0.count >= Self.shortestSecret } }

    /// What all texts of a reply are searched for: made once, and only if there is a text, because most replies have
    /// none to show and their tokens may be long.
    private final class Prepared: Sendable {
        private let needles = Mutex<Needles?>(nil)

        func needles(_ make: () -> Needles) -> Needles {
            needles.withLock { needles in
                let made = needles ?? make()
                needles = made
                return made
            }
        }
    }

    /// `text` made fit for a terminal, with every secret replaced: whole, in the encodings that it may have travelled
    /// in, or a part of 10 bytes and more, because servers shorten what they quote.
    package func clean(_ text: String, limit: Int = 300) -> String {
        if secrets.isEmpty || text.isEmpty { return DisplayText.clean(text, limit: limit) }
        let needles = prepared.needles { Needles(secrets.flatMap(Self.forms)) }
        // Cleaned first: an escape sequence inside a secret must not hide it. Not cut yet: half a secret is one, too.
        let line = Array(DisplayText.clean(text, limit: .max).utf8)
        var position = 0
        var safe: [UInt8] = []
        // No scalar has more than 4 bytes; what comes later would be cut off anyway.
        while position < line.count, safe.count / 4 <= limit {
            let secret = needles.longestMatch(in: line[position...])
            if secret > 0 {
                safe += Self.replacement.utf8
            } else {
                safe.append(line[position])
            }
            position += max(secret, 1)
        }
        return DisplayText.clean(String(decoding: safe, as: UTF8.self), limit: limit)
    }

    /// Those of `words` that hold no secret and no part of one. A short secret counts for nothing here: a client secret
    /// of "read" must not cost anybody the scope of that name.
    package func harmless(_ words: [String]) -> [String] {
        let long = secrets.filter { $0.count >= Self.shortestPart }
        if long.isEmpty || words.isEmpty { return words }
        let needles = Needles(long.flatMap(Self.forms))
        return words.filter { word in
            let bytes = Array(word.utf8)
            return bytes.indices.allSatisfy { needles.longestMatch(in: bytes[$0...]) == 0 }
        }
    }

    /// The secret as a server may repeat it: raw, as the form that was sent (upper or lower case), as a URL, and as a
    /// JSON text inside a text.
    private static func forms(_ secret: SecretBytes) -> [[UInt8]] {
        let raw = Array(DisplayText.clean(secret.revealedText(), limit: .max).utf8)
        let form = [UInt8](secret.withBytes { FormEncoding.encode($0) })
        let url = replace(form, ["+": "%20", "%7E": "~"])
        return [
            raw, replace(raw, ["\\": "\\\\", "\"": "\\\""]), replace(raw, ["\\": "\\\\", "\"": "\\\"", "/": "\\/"]),
        ]
            + [form, url].flatMap { [$0, lowercaseEscapes($0)] }
    }

    private static func replace(_ text: [UInt8], _ replacements: [String: String]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let byte = rest.first {
            let match = replacements.first { rest.starts(with: $0.key.utf8) }
            result += match.map { Array($0.value.utf8) } ?? [byte]
            rest = rest.dropFirst(match?.key.utf8.count ?? 1)
        }
        return result
    }

    private static func lowercaseEscapes(_ text: [UInt8]) -> [UInt8] {
        text.indices.map { index in
            let inEscape = text[..<index].suffix(2).contains(UInt8(ascii: "%"))
            return inEscape && text[index].isLetterOrDigit && !text[index].isDigit ? text[index] | 0x20 : text[index]
        }
    }
}

/// What is looked for: texts as a whole, and by every 8 bytes of them.
private struct Needles {
    /// The longest first, in case one is the beginning of another.
    private let whole: [[UInt8]]
    private var windows: Set<UInt64> = []

    private static let windowSize = 8
    /// So many windows in a row are the shortest part.
    private static let fewestWindows = Redaction.shortestPart - windowSize + 1

    init(_ texts: [[UInt8]]) {
        whole = Set(texts.filter { !$0.isEmpty }).sorted { $0.count > $1.count }
        for text in whole where text.count >= Self.windowSize {
            for start in 0...(text.count - Self.windowSize) { windows.insert(Self.window(text[start...])) }
        }
    }

    /// How many bytes at the start of `line` are secret.
    func longestMatch(in line: ArraySlice<UInt8>) -> Int {
        let exact = whole.first { line.starts(with: $0) }?.count ?? 0
        var matches = 0
        var rest = line
        while rest.count >= Self.windowSize, windows.contains(Self.window(rest)) {
            matches += 1
            rest = rest.dropFirst()
        }
        return max(exact, matches >= Self.fewestWindows ? matches + Self.windowSize - 1 : 0)
    }

    private static func window(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(windowSize).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

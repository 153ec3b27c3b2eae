internal import Formats
package import SecretMemory
internal import Synchronization

/// Removes our secrets from a server's text before it is shown or logged: some servers echo what they were sent.
package struct Redaction: Sendable {
    package static let replacement = "<redacted>"

    /// Shorter values would match inside ordinary words.
    private static let shortestSecret = 4

    /// Long enough that a match is not a coincidence.
    fileprivate static let shortestPart = 10

    private let secrets: [SecretBytes]
    private let prepared = Prepared()

    package init(_ secrets: [SecretBytes]) { self.secrets = secrets.filter { $0.count >= Self.shortestSecret } }

    /// The prepared search patterns. Created lazily: most replies have no text to show, and their tokens may be long.
    private final class Prepared: Sendable {
        private let patterns = Mutex<SecretPatterns?>(nil)

        func patterns(_ make: () -> SecretPatterns) -> SecretPatterns {
            patterns.withLock { patterns in
                let made = patterns ?? make()
                patterns = made
                return made
            }
        }
    }

    /// Returns `text` sanitised, with every secret replaced: whole, in any encoding it was sent in, or a part of at
    /// least 10 bytes, because servers shorten quotations.
    package func clean(_ text: String, limit: Int = 300) -> String {
        if secrets.isEmpty || text.isEmpty { return DisplayText.clean(text, limit: limit) }
        let patterns = prepared.patterns { SecretPatterns(secrets.flatMap(Self.forms)) }
        // Cleaned first, because an escape sequence must not hide a secret; cut later, because half a secret is one
        // too.
        let line = Array(DisplayText.clean(text, limit: .max).utf8)
        var position = 0
        var safe: [UInt8] = []
        // A scalar has at most 4 bytes; later output would be cut off anyway.
        while position < line.count, safe.count / 4 <= limit {
            let secret = patterns.longestMatch(in: line[position...])
            if secret > 0 {
                safe += Self.replacement.utf8
            } else {
                safe.append(line[position])
            }
            position += max(secret, 1)
        }
        return DisplayText.clean(String(decoding: safe, as: UTF8.self), limit: limit)
    }

    /// Returns those of `words` that contain neither a secret nor a part of one. Short secrets are ignored: a client
    /// secret of "read" must not remove the scope of that name.
    package func harmless(_ words: [String]) -> [String] {
        let long = secrets.filter { $0.count >= Self.shortestPart }
        if long.isEmpty || words.isEmpty { return words }
        let patterns = SecretPatterns(long.flatMap(Self.forms))
        return words.filter { word in
            let bytes = Array(word.utf8)
            return bytes.indices.allSatisfy { patterns.longestMatch(in: bytes[$0...]) == 0 }
        }
    }

    /// The forms in which a server may repeat the secret: raw, form-encoded (upper or lower case), URL-encoded, and as
    /// a JSON string within a string.
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

/// The search patterns: whole texts, and their windows of 8 bytes.
private struct SecretPatterns {
    /// The longest first, because one may be a prefix of another.
    private let whole: [[UInt8]]
    private var windows: Set<UInt64> = []

    private static let windowSize = 8
    /// The number of consecutive windows that the shortest part has.
    private static let fewestWindows = Redaction.shortestPart - windowSize + 1

    init(_ texts: [[UInt8]]) {
        whole = Set(texts.filter { !$0.isEmpty }).sorted { $0.count > $1.count }
        for text in whole where text.count >= Self.windowSize {
            for start in 0...(text.count - Self.windowSize) { windows.insert(Self.window(text[start...])) }
        }
    }

    /// Returns how many bytes at the start of `line` are secret.
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

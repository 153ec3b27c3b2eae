package import SecretMemory

/// Takes our secrets out of a server's words before anybody sees them: some servers echo what was sent to them.
package struct Redaction: Sendable {
    package static let replacement = "<redacted>"

    /// Shorter ones are no secrets, and would tear ordinary words apart.
    private static let shortestSecret = 4

    private let secrets: [SecretBytes]

    package init(_ secrets: [SecretBytes]) { self.secrets = secrets.filter { $0.count >= Self.shortestSecret } }

    /// `text` made fit for a terminal, with every secret replaced, raw or form-encoded.
    package func clean(_ text: String, limit: Int = 300) -> String {
        let forms = secrets.flatMap { secret in
            let raw = secret.revealed()
            return [Array(DisplayText.clean(secret.revealedText(), limit: .max).utf8), FormEncoding.encode(raw)]
        }
        // The longest first, in case one secret is the beginning of another.
        let needles = forms.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
        // Cleaned first: an escape sequence inside a secret must not hide it. Not cut yet: half a secret is one, too.
        var rest = Array(DisplayText.clean(text, limit: .max).utf8)[...]
        var safe: [UInt8] = []
        // No scalar has more than 4 bytes; what comes later would be cut off anyway.
        while let byte = rest.first, safe.count / 4 <= limit {
            if let needle = needles.first(where: { rest.starts(with: $0) }) {
                safe += Array(Self.replacement.utf8)
                rest = rest.dropFirst(needle.count)
            } else {
                safe.append(byte)
                rest = rest.dropFirst()
            }
        }
        return DisplayText.clean(String(decoding: safe, as: UTF8.self), limit: limit)
    }
}

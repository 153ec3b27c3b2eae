internal import SecretMemory

/// Encodes request parameters as the members of one JSON object.
enum JSONObjectWriter {
    /// Writes the parameters in order. With `hasLists`, words become a list and the first of several parameters with
    /// one name wins (RFC 8259 §4). Otherwise words are one text as in a form, and a repeated name becomes a list of
    /// texts. The working copy is wiped.
    static func body(
        _ parameters: [FormEncoding.Parameter], hasLists: Bool, name: (String) -> String
    ) -> SecretBytes {
        // Reserves the worst case, so that reallocation leaves no copies.
        var bytes = WipedBytes(
            capacity: parameters.reduce(2) { $0 + 8 + 6 * ($1.name.utf8.count + $1.valueCount) })
        var names: Set<String> = []
        bytes.append(UInt8(ascii: "{"))
        for parameter in parameters {
            let name = name(parameter.name)
            guard names.insert(name).inserted else { continue }
            if names.count > 1 { bytes.append(UInt8(ascii: ",")) }
            append(name.utf8, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            switch parameter.value {
            case .plain(let text):
                let texts = hasLists ? [text] : texts(of: parameter.name, parameters)
                if texts.count > 1 { append(texts, to: &bytes) } else { append(text.utf8, to: &bytes) }
            case .secret(let secret): secret.withBytes { append($0, to: &bytes) }
            case .words(let words) where !hasLists: append(words.joined(separator: " ").utf8, to: &bytes)
            case .words(let words): append(words, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return SecretBytes(bytes)
    }

    private static func texts(of name: String, _ parameters: [FormEncoding.Parameter]) -> [String] {
        parameters.compactMap { parameter in
            guard parameter.name == name, case .plain(let text) = parameter.value else { return nil }
            return text
        }
    }

    private static func append(_ words: [String], to bytes: inout WipedBytes) {
        bytes.append(UInt8(ascii: "["))
        for (index, word) in words.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(word.utf8, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Appends a JSON string (RFC 8259 §7).
    private static func append(_ text: some Collection<UInt8>, to bytes: inout WipedBytes) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case ..<0x20:
                bytes.append(contentsOf: Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

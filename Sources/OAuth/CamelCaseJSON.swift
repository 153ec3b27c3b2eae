package import SecretMemory

/// Parameters as the members of one JSON object, with their names in camelCase, as AWS has them: `client_id` is
/// `clientId`.
package enum CamelCaseJSON {
    package static let mediaType = "application/json"

    /// Writes the parameters in their order; of two with one name the first counts, as no object may have both
    /// (RFC 8259 §4). The working copy is wiped.
    package static func body(_ parameters: [FormEncoding.Parameter]) -> SecretBytes {
        // Room for the worst case at once, so that nothing is moved.
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
            case .plain(let text): append(text.utf8, to: &bytes)
            case .secret(let secret): secret.withBytes { append($0, to: &bytes) }
            case .words(let words):
                bytes.append(UInt8(ascii: "["))
                for (index, word) in words.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    append(word.utf8, to: &bytes)
                }
                bytes.append(UInt8(ascii: "]"))
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return SecretBytes(bytes)
    }

    package static func name(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// A string of RFC 8259 §7.
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

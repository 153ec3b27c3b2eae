/// An escaper for JSON that a terminal shows: control and invisible characters become `\uXXXX`, which means the same
/// (RFC 8259 §7).
enum VisibleJSON {
    /// Escapes valid JSON, whose ASCII control characters are escaped already. Outside of strings, JSON is ASCII only.
    static func escaped(_ json: [UInt8]) -> [UInt8] {
        guard !isPlain(json) else { return json }
        var result: [UInt8] = []
        result.reserveCapacity(json.count + 64)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if isVisible(scalar) {
                result += UTF8.encode(scalar).map(Array.init) ?? []
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
                }
            }
        }
        return result
    }

    /// Whether the JSON is ASCII without DEL, as nearly all is. Compares eight bytes at a time, because each token
    /// passes here.
    private static func isPlain(_ json: [UInt8]) -> Bool {
        json.withUnsafeBytes { bytes in
            let ones: UInt64 = 0x0101_0101_0101_0101
            var special: UInt64 = 0
            var index = 0
            while index + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let deletes = word ^ (ones &* 0x7F)
                special |= word | ((deletes &- ones) & ~deletes)
                index += 8
            }
            guard special & (ones << 7) == 0 else { return false }
            return bytes[index...].allSatisfy { $0 < 0x7F }
        }
    }

    /// The rule of DisplayText, which removes what is escaped here; AgentAPI imports no module.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value != 0x7F }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint { return false }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}

internal import AuthagentClient
internal import Formats

extension RawBytes {
    mutating func append(byte: UInt8) {
        withUnsafePointer(to: byte) { append(Bytes(start: $0, count: 1)) }
    }

    /// Appends decimal digits, with zeros up to `width` of them.
    mutating func append(number: Int, width: Int = 1) {
        precondition(number >= 0)
        if number >= 10 || width > 1 { append(number: number / 10, width: width - 1) }
        append(byte: UInt8(0x30 + number % 10))
    }

    /// Appends a point in time as RFC 3339 has it, in UTC. `moment`: in seconds since 1970, from 0 on.
    mutating func append(time moment: Int) {
        let (day, second) = (moment / 86_400, moment % 86_400)
        // Years that begin on the first of March, so that a leap day is the last of its year; 400 of them repeat.
        let era = (day + 719_468) / 146_097
        let dayOfEra = (day + 719_468) % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        append(number: era * 400 + yearOfEra + (month >= 10 ? 1 : 0), width: 4)
        append(literal: "-")
        append(number: month < 10 ? month + 3 : month - 9, width: 2)
        append(literal: "-")
        append(number: dayOfYear - (153 * month + 2) / 5 + 1, width: 2)
        append(literal: "T")
        append(number: second / 3_600, width: 2)
        append(literal: ":")
        append(number: second / 60 % 60, width: 2)
        append(literal: ":")
        append(number: second % 60, width: 2)
        append(literal: "Z")
    }

    /// Appends a JSON string with its quotation marks (RFC 8259 §7). The bytes are valid UTF-8.
    mutating func append(json text: Bytes) {
        append(literal: "\"")
        for byte in text { append(escaped: byte) }
        append(literal: "\"")
    }

    mutating func append(json text: String) {
        var text = text
        text.withUTF8 { append(json: $0) }
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(literal: "\\\"")
        case UInt8(ascii: "\\"): append(literal: "\\\\")
        case ..<0x20, 0x7F:
            append(literal: byte < 0x10 ? "\\u000" : "\\u00")
            if byte >= 0x10 { append(byte: 0x30 + byte >> 4) }
            append(byte: byte & 0xF < 10 ? 0x30 + byte & 0xF : 0x57 + byte & 0xF)
        default: append(byte: byte)
        }
    }

    /// Appends with all but unreserved characters percent-encoded (RFC 3986 §2.3), and those of `others`.
    mutating func append(encoded text: Bytes, except others: StaticString = "") {
        for byte in text {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                append(byte: byte)
            case _ where others.withUTF8Buffer({ $0.contains(byte) }): append(byte: byte)
            default:
                append(literal: "%")
                append(hexDigit: byte >> 4)
                append(hexDigit: byte & 0xF)
            }
        }
    }

    private mutating func append(hexDigit digit: UInt8) { append(byte: digit < 10 ? 0x30 + digit : 0x37 + digit) }

    /// Appends in base64 with padding (RFC 4648 §4).
    mutating func append(base64 bytes: Bytes) {
        let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var start = 0
        while start < bytes.count {
            let group = (0..<3).reduce(0) { $0 << 8 | (start + $1 < bytes.count ? Int(bytes[start + $1]) : 0) }
            for place in 0..<4 {
                let isPadding = start + place > bytes.count
                append(byte: isPadding ? UInt8(ascii: "=") : digits.utf8Start[group >> (18 - 6 * place) & 0x3F])
            }
            start += 3
        }
    }

    /// Appends the characters of a JSON string. Returns false, perhaps after some bytes, if it is not a valid one.
    mutating func append(decoding string: JSONView) -> Bool {
        var copy = RawBytes(capacity: string.source.count)
        let isValid = string.forEachByte { copy.append(byte: $0) }
        copy.withBytes { append($0) }
        return isValid
    }
}

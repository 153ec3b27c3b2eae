internal import Formats

/// A reader of the list of challenges in RFC 9110 §11.6.1, where a comma separates challenges and parameters alike.
///
/// Tolerates what servers send and no other reading fits: empty list elements, a missing comma between parameters, and
/// values that should have been quoted.
struct ChallengeParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ field: String) { bytes = Array(field.utf8) }

    mutating func challenges() throws(ChallengeRejection) -> [Challenge] {
        var challenges: [Challenge] = []
        skipSeparators()
        while position < bytes.count {
            guard challenges.count < Challenge.mostChallenges else { throw .tooMany }
            challenges.append(try challenge())
            skipSeparators()
        }
        return challenges
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }
    private var malformed: ChallengeRejection { .malformed(offset: position) }

    private mutating func challenge() throws(ChallengeRejection) -> Challenge {
        let scheme = try token()
        guard skipSpace() else {
            guard current == nil || current == UInt8(ascii: ",") else { throw malformed }
            return Challenge(scheme: scheme)
        }
        if let token68 = token68() { return Challenge(scheme: scheme, token68: token68) }
        var parameters: [String: String] = [:]
        var count = 0
        // Also after 'Scheme ,': the list of parameters may begin with an empty element.
        while try atParameter() {
            count += 1
            guard count <= Challenge.mostParameters else { throw .tooMany }
            let (name, value) = try parameter()
            guard parameters.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
        return Challenge(scheme: scheme, parameters: parameters)
    }

    /// Moves to the next element of the list; returns whether it is a parameter of the current challenge. If not, it is
    /// the end, or a scheme, which a comma must separate.
    private mutating func atParameter() throws(ChallengeRejection) -> Bool {
        let start = position
        skipSeparators()
        var ahead = self
        if (try? ahead.token()) != nil {
            ahead.skipSpace()
            if ahead.current == UInt8(ascii: "=") { return true }
        }
        guard current == nil || bytes[start..<position].contains(UInt8(ascii: ",")) else { throw malformed }
        return false
    }

    private mutating func parameter() throws(ChallengeRejection) -> (name: String, value: String) {
        let name = try token().lowercased()
        skipSpace()
        guard current == UInt8(ascii: "=") else { throw malformed }
        position += 1
        skipSpace()
        let value = current == UInt8(ascii: "\"") ? try quoted() : try unquoted()
        // The next element begins with a comma or a space.
        guard current.map({ isSpace($0) || $0 == UInt8(ascii: ",") }) ?? true else { throw malformed }
        return (name, value)
    }

    /// RFC 9110 §5.6.2.
    private mutating func token() throws(ChallengeRejection) -> String {
        let start = position
        while let byte = current, byte.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte) { position += 1 }
        guard position > start else { throw malformed }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// More than a token: URLs and base64 stand without quotes in some servers' fields.
    private mutating func unquoted() throws(ChallengeRejection) -> String {
        let start = position
        while let byte = current, byte.isVisible, !",\"".utf8.contains(byte) { position += 1 }
        guard position > start else { throw malformed }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// RFC 9110 §5.6.4.
    private mutating func quoted() throws(ChallengeRejection) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = current, escaped == 0x09 || escaped >= 0x20, escaped != 0x7F else {
                    throw malformed
                }
                position += 1
                text.append(escaped)
            case _ where byte == 0x09 || byte >= 0x20 && byte != 0x7F: text.append(byte)
            default: throw malformed
            }
        }
        throw malformed
    }

    /// Reads a text of RFC 9110 §11.2 if it is all that the challenge has.
    private mutating func token68() -> String? {
        let start = position
        var end = start
        while end < bytes.count, bytes[end].isLetterOrDigit || "-._~+/".utf8.contains(bytes[end]) { end += 1 }
        guard end > start else { return nil }
        while end < bytes.count, bytes[end] == UInt8(ascii: "=") { end += 1 }
        let rest = bytes[end...].drop { isSpace($0) }
        guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
        position = end
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// Returns whether there was any.
    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while let byte = current, isSpace(byte) { position += 1 }
        return position > start
    }

    private mutating func skipSeparators() {
        while let byte = current, isSpace(byte) || byte == UInt8(ascii: ",") { position += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

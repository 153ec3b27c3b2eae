extension TokenReply {
    /// The same bytes as from `APIJSON.encode(fixed:)`, written by hand: the codec would take longer than the rest of
    /// the request.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: accessToken.utf8.count + (idToken?.utf8.count ?? 0) + scope.utf8.count + 256)
        writer.member("access_token", accessToken)
        writer.member("account", account.description)
        if let acr { writer.member("acr", acr) }
        if let authTime { writer.member("auth_time", authTime) }
        if let expiresAt { writer.member("expires_at", expiresAt) }
        if let expiresIn { writer.member("expires_in", expiresIn) }
        if let gitUsername { writer.member("git_username", gitUsername) }
        if let idToken { writer.member("id_token", idToken) }
        if let idTokenExpiresAt { writer.member("id_token_expires_at", idTokenExpiresAt) }
        if let issuedTokenType { writer.member("issued_token_type", issuedTokenType) }
        if let note { writer.member("note", note) }
        if let registryUsername { writer.member("registry_username", registryUsername) }
        writer.member("scope", scope)
        writer.member("token_type", tokenType)
        return VisibleJSON.escaped(writer.end())
    }
}

/// A writer of one flat object. The caller adds the members in the order of their names.
private struct JSONWriter {
    private var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func member(_ name: StaticString, _ value: String) {
        begin(name)
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            // Fast path: nearly every string is a token or a word, which needs no escape.
            if Self.isPlain(text) {
                bytes.append(contentsOf: text)
            } else {
                for byte in text { append(escaped: byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func member(_ name: StaticString, _ value: Int) {
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func end() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func begin(_ name: StaticString) {
        bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Checks eight bytes at a time, because a token has about a thousand: `byte - n` borrows into the highest bit if
    /// the byte is less than n, and `byte ^ n` is 0, less than 1, if it equals n.
    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let bytes = UnsafeRawBufferPointer(text)
        let ones: UInt64 = 0x0101_0101_0101_0101
        var special: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let (quotes, slashes) = (word ^ (ones &* 0x22), word ^ (ones &* 0x5C))
            special |= (word &- ones &* 0x20) & ~word
            special |= ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
            index += 8
        }
        guard special & (ones << 7) == 0 else { return false }
        while index < bytes.count {
            guard bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") else {
                return false
            }
            index += 1
        }
        return true
    }

    /// Appends an escape sequence (RFC 8259 §7), the short form if there is one.
    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x08: bytes += "\\b".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x0A: bytes += "\\n".utf8
        case 0x0C: bytes += "\\f".utf8
        case 0x0D: bytes += "\\r".utf8
        case ..<0x20:
            let digits = String(byte, radix: 16)
            bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
        default: bytes.append(byte)
        }
    }
}

package import SecretMemory

/// Percent-encoding (RFC 3986 §2.1), decoded once and strictly.
package enum PercentEncoding {
    /// Decodes bytes, which are wiped on release; `nil` for a `%` without two hexadecimal digits.
    ///
    /// `plusIsSpace`: as in `application/x-www-form-urlencoded`.
    package static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> WipedBytes? {
        var bytes = WipedBytes(capacity: text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// Decodes text; `nil` also for bytes that are not UTF-8.
    package static func decodeText(_ text: Substring, plusIsSpace: Bool) -> String? {
        decode(text.utf8, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

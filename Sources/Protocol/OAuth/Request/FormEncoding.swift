internal import Formats
package import SecretMemory

/// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
package enum FormEncoding {
    package static let mediaType = "application/x-www-form-urlencoded"

    package struct Parameter: Sendable {
        let name: String
        let value: Value

        enum Value: Sendable {
            case plain(String)
            case secret(SecretBytes)
            /// Separated by spaces in an encoding without lists.
            case words([String])
        }

        package static func plain(_ name: String, _ value: String) -> Self { Self(name: name, value: .plain(value)) }
        package static func secret(_ name: String, _ value: SecretBytes) -> Self {
            Self(name: name, value: .secret(value))
        }
        package static func words(_ name: String, _ value: [String]) -> Self { Self(name: name, value: .words(value)) }
    }

    /// Encodes the parameters in order. The working copy is wiped.
    package static func body(_ parameters: [Parameter]) -> SecretBytes {
        // Reserves the worst case, so that reallocation leaves no copies.
        var bytes = WipedBytes(
            capacity: parameters.reduce(0) { $0 + 2 + 3 * ($1.name.utf8.count + $1.valueCount) })
        for parameter in parameters {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            encode(parameter.name.utf8, onto: &bytes)
            bytes.append(UInt8(ascii: "="))
            switch parameter.value {
            case .plain(let text): encode(text.utf8, onto: &bytes)
            case .secret(let secret): secret.withBytes { encode($0, onto: &bytes) }
            case .words(let words): encode(words.joined(separator: " ").utf8, onto: &bytes)
            }
        }
        return SecretBytes(bytes)
    }

    /// Whether the byte needs an escape.
    package static func isEncoded(_ byte: UInt8) -> Bool { !byte.isLetterOrDigit && !"*-._".utf8.contains(byte) }

    package static func encode(_ text: some Collection<UInt8>, onto bytes: inout WipedBytes) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text {
            switch byte {
            case _ where !isEncoded(byte): bytes.append(byte)
            case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
            default: bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]])
            }
        }
    }

    package static func encode(_ text: some Collection<UInt8>) -> WipedBytes {
        var bytes = WipedBytes(capacity: 3 * text.count)
        encode(text, onto: &bytes)
        return bytes
    }

    /// `nil` if two hexadecimal digits do not follow a `%`. Malformed UTF-8 becomes U+FFFD.
    package static func decode(_ text: some Collection<UInt8>) -> String? {
        PercentEncoding.decode(text, plusIsSpace: true).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension FormEncoding.Parameter {
    /// The value's length, with one extra byte for the separator after each word.
    var valueCount: Int {
        switch value {
        case .plain(let text): text.utf8.count
        case .secret(let secret): secret.count
        case .words(let words): words.reduce(0) { $0 + $1.utf8.count + 1 }
        }
    }
}

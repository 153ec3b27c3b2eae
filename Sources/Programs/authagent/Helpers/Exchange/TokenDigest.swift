internal import Crypto

/// The SHA-256 digest by which a program names a token to the agent without sending it.
enum TokenDigest {
    /// Returns 64 hexadecimal digits.
    static func sha256(_ token: Bytes) -> String {
        let digits: StaticString = "0123456789abcdef"
        var text = ""
        for byte in SHA256.hash(data: UnsafeRawBufferPointer(token)) {
            for half in [byte >> 4, byte & 0xF] { text.append(Character(Unicode.Scalar(digits.utf8Start[Int(half)]))) }
        }
        return text
    }
}

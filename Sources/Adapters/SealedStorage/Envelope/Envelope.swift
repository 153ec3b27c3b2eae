internal import Crypto
internal import FoundationEssentials
internal import Glibc
public import SecretMemory

/// Bytes sealed with ChaCha20-Poly1305 (RFC 8439) behind a header that says with which key and in which version.
///
/// The header and the label are authenticated with the content, so that no file can stand in for another one: not for
/// another account's, another purpose's or another generation's. What is cut off, changed or sealed with another key
/// is refused.
///
///     magic (8) | version (1) | cipher (1) | key id (8) | generation (8, big-endian) | nonce (12) | content | tag (16)
public enum Envelope {
    /// How many bytes a sealed file has beyond its content.
    public static let overhead = headerSize + nonceSize + tagSize

    private static let magic = Array("agsealed".utf8)
    private static let version: UInt8 = 1
    /// ChaCha20-Poly1305.
    private static let cipher: UInt8 = 1
    private static let generationOffset = magic.count + 2 + SealingKey.idSize
    private static let headerSize = generationOffset + 8
    private static let nonceSize = 12
    private static let tagSize = 16

    /// The nonce is random: with 96 bits, four thousand million files of one key are safe from a repetition.
    public static func seal(_ content: SecretBytes, as label: Label, with key: SealingKey) -> [UInt8] {
        let header = magic + [version, cipher] + key.id + bigEndian(label.generation)
        let authenticated = associatedData(header, purpose: label.purpose, name: label.name)
        let sealed = key.withSymmetricKey { key in
            content.withBytes { content in
                // It throws for a nonce of a wrong size only, and this one is its own.
                try? ChaChaPoly.seal(content, using: key, authenticating: authenticated)
            }
        }
        guard let sealed else { fatalError("ChaCha20-Poly1305 cannot seal") }
        return header + sealed.nonce + sealed.ciphertext + sealed.tag
    }

    /// The content and the generation of what was sealed for this purpose and name.
    public static func open(
        _ bytes: [UInt8], purpose: String, name: String, with key: SealingKey
    ) throws(EnvelopeFailure) -> (content: SecretBytes, generation: UInt64) {
        guard bytes.starts(with: magic) else { throw .notSealed }
        guard bytes.count >= overhead else { throw .damaged }
        guard bytes[magic.count] == version, bytes[magic.count + 1] == cipher else {
            throw .unknownVersion(bytes[magic.count])
        }
        let header = Array(bytes[..<headerSize])
        guard Array(header[(magic.count + 2)..<generationOffset]) == key.id else { throw .otherKey }
        let authenticated = associatedData(header, purpose: purpose, name: name)
        let tagStart = bytes.count - tagSize
        let content = key.withSymmetricKey { key -> SecretBytes? in
            guard let nonce = try? ChaChaPoly.Nonce(data: bytes[headerSize..<(headerSize + nonceSize)]),
                let box = try? ChaChaPoly.SealedBox(
                    nonce: nonce, ciphertext: bytes[(headerSize + nonceSize)..<tagStart], tag: bytes[tagStart...]
                ),
                var plain = try? ChaChaPoly.open(box, using: key, authenticating: authenticated)
            else { return nil }
            return plain.withUnsafeMutableBytes { plain in
                defer { if let address = plain.baseAddress { explicit_bzero(address, plain.count) } }
                return SecretBytes(UnsafeRawBufferPointer(plain))
            }
        }
        guard let content else { throw .damaged }
        return (content, header[generationOffset...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Lengths come first, so that no two labels are the same bytes.
    private static func associatedData(_ header: [UInt8], purpose: String, name: String) -> [UInt8] {
        [purpose, name].reduce(into: header) { data, text in
            data += bigEndian(UInt64(text.utf8.count)) + Array(text.utf8)
        }
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

internal import FoundationEssentials
public import SecretMemory

/// The encoding of a record in a keyring item: base64url without padding (RFC 4648 §5).
///
/// A gnome-keyring without a password stores secrets in a key file and loses backslashes at its next start; other
/// providers have their own formats. None of them gives this alphabet a meaning.
public enum SecretEncoding {
    /// The number of this form; 1 was the bare JSON object. Together with the other formats' versions it is installed in
    /// share/authagent/formats, by which a package refuses to replace an agent that writes more than it can read.
    public static let form = 2

    public static func encode(_ record: WipedBytes) -> WipedBytes {
        var text = WipedBytes(capacity: (record.count + 2) / 3 * 4)
        for byte in Data(record).base64EncodedData() {
            switch byte {
            case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
            case UInt8(ascii: "="): break
            default: text.append(byte)
            }
        }
        return text
    }

    /// Decodes an item's secret, in this form or the old one (the bare JSON object). Anything else is returned
    /// unchanged, for the reader to reject.
    public static func decode(_ secret: WipedBytes) -> (record: WipedBytes, isOldForm: Bool) {
        if secret.first == UInt8(ascii: "{") { return (secret, true) }
        var text = Data(capacity: secret.count + 3)
        for byte in secret {
            switch byte {
            case UInt8(ascii: "-"): text.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): text.append(UInt8(ascii: "/"))
            default: text.append(byte)
            }
        }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        guard let record = Data(base64Encoded: text) else { return (secret, false) }
        return (WipedBytes(record), false)
    }
}

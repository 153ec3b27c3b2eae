internal import FoundationEssentials
public import SecretMemory

/// How a record is written into an item: base64url without padding (RFC 4648 §5).
///
/// A gnome-keyring without a password keeps secrets in a key file and loses backslashes at its next start, and other
/// providers have formats of their own: nothing of this alphabet means anything to any of them.
public enum SecretEncoding {
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

    /// The record in an item's secret, of this form or of the old one: the JSON object as it is. What is neither comes
    /// back unchanged, and is not a record to its reader either.
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

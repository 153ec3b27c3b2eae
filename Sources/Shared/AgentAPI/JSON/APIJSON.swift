internal import FoundationEssentials

/// The JSON codec of the socket and of `--json`: sorted keys, no escaped slashes, one line, and control characters
/// escaped, so that a terminal cannot interpret them.
public enum APIJSON {
    /// A value that JSONEncoder refuses: nested hundreds deep, or with a number that is not finite. Only foreign JSON
    /// (`JSONContent`) can be either.
    public struct Unwritable: Error, CustomStringConvertible {
        public let description: String
    }

    /// Encodes a value as one line without a newline.
    public static func encode(_ value: some Encodable) throws(Unwritable) -> [UInt8] {
        do {
            var data = try encoder.encode(value)
            return taken(&data)
        } catch {
            throw Unwritable(description: "a value of the type \(type(of: value)) cannot be written as JSON")
        }
    }

    /// Encodes a value whose type guarantees success: only strings, integers, booleans, and arrays and objects of these
    /// with a fixed depth. Not for types that contain `JSONContent`.
    public static func encode(fixed value: some Encodable) -> [UInt8] {
        guard var data = try? encoder.encode(value) else { preconditionFailure("\(type(of: value)) is not fixed") }
        return taken(&data)
    }

    public static func text(_ value: some Encodable) throws(Unwritable) -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    public static func text(fixed value: some Encodable) -> String {
        String(decoding: encode(fixed: value), as: UTF8.self)
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        var data = Data(bytes)
        defer { data.resetBytes(in: data.startIndex..<data.endIndex) }
        return try JSONDecoder().decode(type, from: data)
    }

    /// Returns the bytes and wipes the codec's copy, which may hold a token or a passphrase.
    private static func taken(_ data: inout Data) -> [UInt8] {
        defer { data.resetBytes(in: data.startIndex..<data.endIndex) }
        return VisibleJSON.escaped([UInt8](data))
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

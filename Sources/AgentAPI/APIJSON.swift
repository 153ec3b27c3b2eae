internal import FoundationEssentials

/// The one way that JSON is written and read on the socket and by `--json`: sorted keys, no escaped slashes, one line.
public enum APIJSON {
    /// One line without a newline.
    public static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The API's types hold only strings, numbers, booleans and arrays of them, so encoding cannot fail.
        guard let data = try? encoder.encode(value) else { preconditionFailure("\(type(of: value)) is not JSON") }
        return [UInt8](data)
    }

    public static func text(_ value: some Encodable) -> String { String(decoding: encode(value), as: UTF8.self) }

    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

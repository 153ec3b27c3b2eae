internal import FoundationEssentials

/// The one way that JSON is written and read on the socket and by `--json`: sorted keys, no escaped slashes, one line,
/// and nothing in it that a terminal obeys.
public enum APIJSON {
    /// JSONEncoder refuses what is nested hundreds deep, and numbers that are not finite. Only the words of others
    /// (`JSONContent`) can be either.
    public struct Unwritable: Error, CustomStringConvertible {
        public let description: String
    }

    /// One line without a newline.
    public static func encode(_ value: some Encodable) throws(Unwritable) -> [UInt8] {
        do {
            var data = try encoder.encode(value)
            return taken(&data)
        } catch {
            throw Unwritable(description: "a value of the type \(type(of: value)) cannot be written as JSON")
        }
    }

    /// The same for types of ours that have only texts, whole numbers, truth values, and lists and objects of these to
    /// a depth that the type fixes: no value of those is refused. Never for a type that has `JSONContent` in it.
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

    /// The codec's own copy is cleared: there may be a token or a passphrase in it.
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

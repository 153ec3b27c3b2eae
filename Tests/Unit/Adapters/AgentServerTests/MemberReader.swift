import AgentAPI

/// The members that a type decodes from a JSON object, with their types, found by decoding one.
struct Member: Equatable {
    /// The JSON type; `nil` if any is allowed.
    var type: String?
    var isRequired: Bool
    /// The allowed values; `nil` if the type is not an enum.
    var values: Set<String>?

    static func all(of type: any Decodable.Type) throws -> [String: Member] {
        let reader = MemberReader()
        _ = try type.init(from: reader)
        return reader.members
    }
}

/// A decoder that has every member, each with a value that its type accepts.
private final class MemberReader: Decoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    var members: [String: Member] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members<Key>(reader: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Failure.unforeseen }

    func singleValueContainer() -> any SingleValueDecodingContainer { OneValue() }

    enum Failure: Error { case unforeseen }

    /// Returns a value of the type, and its JSON type.
    static func sample<Value: Decodable>(of type: Value.Type) throws -> (Value, Member) {
        func give(_ value: Any, _ json: String?, _ values: Set<String>? = nil) throws -> (Value, Member) {
            guard let value = value as? Value else { throw Failure.unforeseen }
            return (value, Member(type: json, isRequired: true, values: values))
        }
        switch type {
        case is String.Type: return try give("work", "string")
        case is AccountName.Type: return try give(try AccountName(from: MemberReader()), "string")
        case is Int.Type: return try give(1, "integer")
        case is Int32.Type: return try give(Int32(1), "integer")
        case is UInt32.Type: return try give(UInt32(1), "integer")
        case is EventID.Type: return try give(EventID(origin: "a", count: 1), "string")
        case is Bool.Type: return try give(true, "boolean")
        case is JSONContent.Type: return try give(JSONContent.null, nil)
        case is [String: String].Type: return try give([String: String](), "object")
        case let list as any EmptyList.Type: return try give(list.init(), "array")
        case let choice as any (CaseIterable & RawRepresentable<String>).Type:
            let (first, values) = try cases(of: choice)
            return try give(first, "string", values)
        default: return try give(try type.init(from: MemberReader()), "object")
        }
    }

    private static func cases<Choice: CaseIterable & RawRepresentable<String>>(
        of type: Choice.Type
    ) throws -> (Any, Set<String>) {
        guard let first = type.allCases.first else { throw Failure.unforeseen }
        return (first, Set(type.allCases.map(\.rawValue)))
    }
}

private protocol EmptyList { init() }
extension Array: EmptyList {}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let reader: MemberReader
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (value, member) = try MemberReader.sample(of: type)
        reader.members[key.stringValue] = member
        return value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try note(type, key)
    }
    // The compiler calls these for the types that they name.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try note(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try note(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try note(type, key) }

    private func note<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        var (_, member) = try MemberReader.sample(of: type)
        member.isRequired = false
        reader.members[key.stringValue] = member
        return nil
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw MemberReader.Failure.unforeseen }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw MemberReader.Failure.unforeseen
    }
    func superDecoder() throws -> any Decoder { throw MemberReader.Failure.unforeseen }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw MemberReader.Failure.unforeseen }
}

/// The container of types that are a single string.
private struct OneValue: SingleValueDecodingContainer {
    let codingPath: [any CodingKey] = []

    func decodeNil() -> Bool { false }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try MemberReader.sample(of: type).0 }
}

internal import Formats

/// What a token is for, in fine grain: the parameter `authorization_details` (RFC 9396 §2).
public struct AuthorizationDetails: Hashable, Sendable, CustomStringConvertible {
    /// The JSON text, with one spelling for equal details: the objects sorted, each once. It is sent, and compared.
    public let text: String
    let objects: [[String: JSONValue]]

    /// Of the text, in bytes.
    public static let longest = 4 * 1024
    private static let mostObjects = 32
    private static let longestType = 256

    /// Parses the text of an account file or a request.
    public init(parsing text: String) throws(Rejection) {
        guard text.utf8.count <= Self.longest else { throw .tooLong(limit: Self.longest) }
        guard let value = try? JSONReader.read(text.utf8) else { throw .notJSON }
        try self.init(value)
    }

    init(_ value: JSONValue) throws(Rejection) {
        guard case .array(let elements) = value else { throw .notArray }
        guard !elements.isEmpty else { throw .empty }
        guard elements.count <= Self.mostObjects else { throw .tooMany(limit: Self.mostObjects) }
        var objects: [String: [String: JSONValue]] = [:]
        for element in elements {
            guard case .object(let members) = element else { throw .notObject }
            guard case .string(let type)? = members["type"] else { throw .noType }
            guard (1...Self.longestType).contains(type.utf8.count), DisplayText.clean(type, limit: .max) == type else {
                throw .malformedType
            }
            objects[CanonicalJSON.text(of: element)] = members
        }
        let sorted = objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        self.text = "[\(sorted.map(\.key).joined(separator: ","))]"
        self.objects = sorted.map(\.value)
    }

    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    public func hash(into hasher: inout Hasher) { hasher.combine(Array(text.utf8)) }

    public var description: String { text }

    /// The types of the objects, sorted, each once.
    public var types: [String] { Set(objects.map(Self.type)).sorted() }

    static func type(_ object: [String: JSONValue]) -> String {
        if case .string(let type)? = object["type"] { type } else { "" }
    }

    /// Returns the types that a provider does not know; none if its metadata has no list (RFC 9396 §10).
    public func unsupportedTypes(_ supported: [String]?) -> [String] {
        supported.map { supported in types.filter { !supported.contains($0) } } ?? []
    }
}

extension AuthorizationDetails {
    /// The reason why a text is not a list of details.
    public enum Rejection: Error, Equatable, Sendable, CustomStringConvertible {
        case tooLong(limit: Int)
        case notJSON
        case notArray
        case empty
        case tooMany(limit: Int)
        case notObject
        case noType
        case malformedType

        /// The text for the user; follows the name of the refused thing.
        public var description: String {
            switch self {
            case .tooLong(let limit): "it is longer than \(limit) bytes"
            case .notJSON: "it is not JSON"
            case .notArray: "it is not a JSON array, such as [{\"type\":\"…\"}]"
            case .empty: "it is an empty array"
            case .tooMany(let limit): "it has more than \(limit) objects"
            case .notObject: "it has an element that is not an object"
            case .noType: "it has an object without 'type'"
            case .malformedType: "a 'type' is empty, too long, or has characters that cannot be shown"
            }
        }
    }

    /// Reads the member of a token reply (RFC 9396 §7), also where it is the text of the array; `nil` if it is absent or
    /// unreadable, and thus confirms nothing.
    init?(granted value: JSONValue?) {
        guard let value else { return nil }
        let array: JSONValue?
        if case .string(let text) = value { array = try? JSONReader.read(text.utf8) } else { array = value }
        guard let details = array.flatMap({ try? AuthorizationDetails($0) }),
            details.text.utf8.count <= Self.longestGranted
        else { return nil }
        self = details
    }

    /// Providers enrich what they grant (RFC 9396 §7.1).
    private static let longestGranted = 64 * 1024
}

/// One JSON value. A number keeps its text, so that it loses no digits before its type is known.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

/// The reason why a document cannot be read.
package enum JSONRejection: Error, Equatable, Sendable {
    case tooLarge
    case tooDeep
    case tooManyValues
    case duplicateMember
    case malformed(offset: Int)
}

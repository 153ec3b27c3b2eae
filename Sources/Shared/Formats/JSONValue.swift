/// One JSON value. A number keeps its text, so that nothing is lost before somebody knows what it should be.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

/// Why a document was not read.
package enum JSONRejection: Error, Equatable, Sendable {
    case tooLarge
    case tooDeep
    case tooManyValues
    case duplicateMember
    case malformed(offset: Int)
}

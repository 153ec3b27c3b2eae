internal import Formats

/// One challenge of a field `WWW-Authenticate` (RFC 9110 §11.6.1): a scheme with its parameters.
public struct Challenge: Equatable, Sendable {
    /// In lower case.
    public let scheme: String
    /// What some schemes have in place of parameters (RFC 9110 §11.2); `nil` for all others.
    public let token68: String?
    /// By names in lower case.
    private let parameters: [String: String]

    init(scheme: String, token68: String? = nil, parameters: [String: String] = [:]) {
        self.scheme = scheme.lowercased()
        self.token68 = token68
        self.parameters = parameters
    }

    public subscript(_ name: String) -> String? { parameters[name.lowercased()] }

    /// Of the whole field, in bytes; servers do not send larger heads.
    public static let longestField = 16 * 1024
    static let mostChallenges = 16
    static let mostParameters = 32

    /// Reads the challenges of one field, or of several that are joined by commas.
    public static func parse(_ field: String) throws(ChallengeRejection) -> [Challenge] {
        guard field.utf8.count <= longestField else { throw .tooLong }
        var parser = ChallengeParser(field)
        return try parser.challenges()
    }
}

/// The reason why a field is not read. Half of it is not used either: what is missing may be what matters.
public enum ChallengeRejection: Error, Equatable, Sendable, CustomStringConvertible {
    case tooLong
    /// Too many challenges, or parameters of one.
    case tooMany
    /// The offset is in bytes.
    case malformed(offset: Int)
    case duplicate(String)
    /// A parameter has a value that it cannot have.
    case parameter(String)

    /// The text for the user; follows the name of the refused thing, the challenge.
    public var description: String {
        switch self {
        case .tooLong: "it is longer than \(Challenge.longestField / 1024) KiB"
        case .tooMany: "it has too many parts"
        case .malformed(let offset): "it is malformed at byte \(offset + 1)"
        case .duplicate(let name): "it has '\(DisplayText.clean(name, limit: 64))' twice"
        case .parameter(let name): "its '\(name)' is malformed"
        }
    }
}

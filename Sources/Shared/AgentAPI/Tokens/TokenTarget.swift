/// The target of a token other than the login's own: a subset of its scopes (RFC 6749 §6), resources (RFC 8707 §2), an
/// audience.
///
/// Scopes are compared as a set, resources in their order, because a provider may treat the first as the most
/// important.
public struct TokenTarget: Hashable, Sendable {
    /// Sorted, each once.
    public let scopes: [String]
    /// Each once.
    public let resources: [String]
    public let audience: String?
    /// A JSON array of objects (RFC 9396 §2), as it is sent; `nil` for what the login was granted.
    public let authorizationDetails: String?

    /// Creates a target; `nil` without scopes, resources, audience and details, for the login's own token.
    public init?(
        scopes: [String] = [], resources: [String] = [], audience: String? = nil, authorizationDetails: String? = nil
    ) throws(Invalid) {
        if let problem = Self.problem(scopes: scopes) { throw Invalid(.scope, problem) }
        if let problem = Self.problem(resources: resources) { throw Invalid(.resource, problem) }
        if let audience, let problem = Self.problem(audience: audience) { throw Invalid(.audience, problem) }
        if let authorizationDetails, let problem = Self.problem(authorizationDetails: authorizationDetails) {
            throw Invalid(.authorizationDetails, problem)
        }
        guard !scopes.isEmpty || !resources.isEmpty || audience != nil || authorizationDetails != nil else {
            return nil
        }
        self.scopes = Set(scopes).sorted()
        var seen: Set<String> = []
        self.resources = resources.filter { seen.insert($0).inserted }
        self.audience = audience
        self.authorizationDetails = authorizationDetails
    }

    public enum Parameter: String, Sendable {
        case scope, resource, audience
        case authorizationDetails = "authorization_details"
    }

    /// The error in a target; `problem` is a sentence without its subject, the parameter's name.
    public struct Invalid: Error, Equatable, Sendable {
        public let parameter: Parameter
        public let problem: String

        init(_ parameter: Parameter, _ problem: String) {
            self.parameter = parameter
            self.problem = problem
        }
    }
}

extension TokenTarget {
    /// Some providers have hundreds of scopes, but one token needs only a few.
    public static let maximumScopes = 64
    /// For all scopes together, with the spaces between them.
    public static let maximumScopeLength = 4 * 1024
    public static let maximumResources = 8
    /// For each resource; all together may still exceed the limit of a request's head.
    public static let maximumResourceLength = 1024
    public static let maximumAudienceLength = 512
    public static let maximumDetailsLength = 4 * 1024

    /// Checks RFC 6749 §3.3: visible ASCII without quotation marks and backslashes.
    private static func problem(scopes: [String]) -> String? {
        guard scopes.count <= maximumScopes else { return "names more than \(maximumScopes) scopes" }
        guard scopes.reduce(0, { $0 + $1.utf8.count + 1 }) <= maximumScopeLength + 1 else {
            return "is longer than \(maximumScopeLength) bytes"
        }
        let isValid = scopes.allSatisfy { scope in
            !scope.isEmpty
                && scope.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        }
        return isValid ? nil : "is empty or has characters that a scope cannot have"
    }

    /// Checks RFC 8707 §2: an absolute URI without a fragment.
    private static func problem(resources: [String]) -> String? {
        guard resources.count <= maximumResources else { return "is given more than \(maximumResources) times" }
        for resource in resources {
            guard resource.utf8.count <= maximumResourceLength else {
                return "is longer than \(maximumResourceLength) bytes"
            }
            guard !resource.utf8.contains(UInt8(ascii: "#")) else {
                return "must not have a fragment"
            }
            guard AbsoluteURI.isWellFormed(resource) else {
                return "is not an absolute URI, such as https://api.example.com/"
            }
        }
        return nil
    }

    /// Checks the outer form only; what reads JSON checks the rest.
    private static func problem(authorizationDetails: String) -> String? {
        guard authorizationDetails.utf8.count <= maximumDetailsLength else {
            return "is longer than \(maximumDetailsLength) bytes"
        }
        let isArray =
            authorizationDetails.utf8.first == UInt8(ascii: "[")
            && authorizationDetails.utf8.last == UInt8(ascii: "]")
        return isArray ? nil : "is not a JSON array"
    }

    private static func problem(audience: String) -> String? {
        let isValid =
            (1...maximumAudienceLength).contains(audience.utf8.count)
            && audience.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        return isValid ? nil : "is not 1 to \(maximumAudienceLength) printable ASCII characters"
    }
}

/// The syntax of an absolute URI: a scheme and a rest, in the characters of RFC 3986 §4.3.
enum AbsoluteURI {
    static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 1 < bytes.count,
            let first = bytes.first, isLetter(first),
            bytes[..<colon].allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else { return false }
        return bytes.indices.allSatisfy { index in
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                return index + 2 < bytes.count && isHexDigit(bytes[index + 1]) && isHexDigit(bytes[index + 2])
            }
            return isLetter(byte) || isDigit(byte) || "-._~:/?[]@!$&'()*+,;=".utf8.contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}

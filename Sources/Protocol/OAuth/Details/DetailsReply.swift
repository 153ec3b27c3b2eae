internal import Formats

/// The difference between requested and granted details (RFC 9396 §7).
///
/// A provider may add to what it grants: identifiers of the accounts that the user chose, amounts, dates (§7.1). What
/// the request named must be there; more actions, places, kinds of data or privileges than it named are more access.
public struct DetailsReply: Equatable, Sendable {
    /// The types of requested objects that no granted one covers.
    public let notGranted: [String]
    /// The types of granted objects that give access which was not requested.
    public let notAsked: [String]

    public var isAsAsked: Bool { notGranted.isEmpty && notAsked.isEmpty }

    init(_ granted: AuthorizationDetails?, to asked: AuthorizationDetails) {
        let granted = granted?.objects ?? []
        notGranted = Self.types(asked.objects.filter { object in !granted.contains { Self.covers($0, object) } })
        notAsked = Self.types(granted.filter { object in !asked.objects.contains { Self.isWithin(object, $0) } })
    }

    /// The common members that list what may be accessed (RFC 9396 §2.2).
    private static let lists = ["actions", "datatypes", "locations", "privileges"]

    private static func types(_ objects: [[String: JSONValue]]) -> [String] {
        Set(objects.map { DisplayText.clean(AuthorizationDetails.type($0), limit: 120) }).sorted()
    }

    /// Whether the granted object has all that the requested one names.
    private static func covers(_ granted: [String: JSONValue], _ asked: [String: JSONValue]) -> Bool {
        covers(.object(granted), .object(asked))
    }

    private static func covers(_ granted: JSONValue, _ asked: JSONValue) -> Bool {
        switch (granted, asked) {
        // Room for the provider or the user to fill.
        case (_, .null), (.array, .array([])), (.string, .string("")): true
        case (.object(let granted), .object(let asked)):
            asked.allSatisfy { name, value in
                granted[name].map { covers($0, value) } ?? (value == .null || value == .array([]))
            }
        case (.array(let granted), .array(let asked)):
            asked.allSatisfy { value in granted.contains { covers($0, value) } }
        // 45.00 and 45 are one amount.
        case (.number(let granted), .number(let asked)): granted == asked || Double(granted) == Double(asked)
        default: granted == asked
        }
    }

    /// Whether the granted object gives no more than the requested one of its type names.
    private static func isWithin(_ granted: [String: JSONValue], _ asked: [String: JSONValue]) -> Bool {
        guard granted["type"] == asked["type"] else { return false }
        return lists.allSatisfy { name in
            // What the request leaves open is the provider's choice.
            guard case .array(let asked)? = asked[name], !asked.isEmpty else { return true }
            guard case .array(let granted)? = granted[name] else { return granted[name] == nil }
            return granted.allSatisfy(asked.contains)
        } && (asked["identifier"] == nil || granted["identifier"] == asked["identifier"])
    }
}

extension AuthorizationDetails {
    /// Compares these with what a reply says was granted; `nil` if it says nothing, which confirms nothing.
    public func reply(_ granted: AuthorizationDetails?) -> DetailsReply { DetailsReply(granted, to: self) }
}

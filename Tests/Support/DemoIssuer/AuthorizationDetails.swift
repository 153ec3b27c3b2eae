import Foundation

/// An `authorization_details` parameter (RFC 9396 §2).
struct AuthorizationDetails {
    let objects: [[String: any Sendable]]

    init(_ text: String, types: [String]) throws(TokenError) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
            let objects = value as? [[String: any Sendable]], !objects.isEmpty,
            objects.allSatisfy({ types.contains($0["type"] as? String ?? "") })
        else { throw TokenError("invalid_authorization_details") }
        self.objects = objects
    }

    /// Whether each object is one of `wider`, or a part of one: its arrays may have fewer elements.
    func isWithin(_ wider: AuthorizationDetails?) -> Bool {
        objects.allSatisfy { object in
            wider?.objects.contains { whole in object.allSatisfy { Self.isPart($0.value, of: whole[$0.key]) } } ?? false
        }
    }

    private static func isPart(_ value: any Sendable, of whole: (any Sendable)?) -> Bool {
        if let part = value as? [String], let whole = whole as? [String] { return Set(part).isSubset(of: whole) }
        return canonical(value) == whole.flatMap(canonical)
    }

    var text: String? { Self.canonical(objects) }

    private static func canonical(_ value: Any) -> String? {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return data.map { String(decoding: $0, as: UTF8.self) }
    }
}

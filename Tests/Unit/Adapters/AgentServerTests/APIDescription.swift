import AgentAPI
import Foundation
import Testing

/// The parts of the OpenAPI document that tests compare with the code.
struct APIDescription {
    typealias Object = [String: Any]

    let document: Object

    init(_ body: String) throws {
        document = try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? Object)
    }

    struct Operation {
        let path: String
        /// Upper case, as in a request line.
        let method: String
        let parameters: [Object]
        let hasBody: Bool
        /// The problem codes of each status; `nil` if the reply is not a problem, or has no body.
        let codes: [Int: Set<String>?]

        var name: String { "\(method) \(path)" }
    }

    func operations() throws -> [Operation] {
        let paths = try #require(document["paths"] as? [String: Object])
        return try paths.flatMap { path, item in
            let shared = item["parameters"] as? [Object] ?? []
            return try item.filter { $0.key != "parameters" }.map { method, value in
                let operation = try #require(value as? Object)
                let responses = try #require(operation["responses"] as? [String: Object])
                return Operation(
                    path: path, method: method.uppercased(),
                    parameters: try (shared + (operation["parameters"] as? [Object] ?? [])).map(resolved),
                    hasBody: operation["requestBody"] != nil,
                    codes: try Dictionary(
                        uniqueKeysWithValues: responses.map { status, response in
                            (try #require(Int(status)), try codes(of: try resolved(response)))
                        })
                )
            }
        }
    }

    private func codes(of response: Object) throws -> Set<String>? {
        guard let content = (response["content"] as? [String: Object])?[Problem.mediaType] else { return nil }
        let parts = try #require((content["schema"] as? Object)?["allOf"] as? [Object])
        let properties = try #require(parts.last?["properties"] as? [String: Object])
        return Set(try #require(properties["code"]?["enum"] as? [String]))
    }

    /// By name, without those that are composed of others only.
    var schemas: [String: Object] {
        ((document["components"] as? Object)?["schemas"] as? [String: Object]) ?? [:]
    }

    /// Returns the members of an object's schema.
    func members(of name: String) throws -> [String: Member] {
        let schema = try #require(schemas[name], "\(name)")
        let required = Set(schema["required"] as? [String] ?? [])
        return try (schema["properties"] as? [String: Object] ?? [:]).reduce(into: [:]) { members, property in
            let schema = try resolved(property.value)
            let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
            members[property.key] = Member(
                type: types.first { $0 != "null" }, isRequired: required.contains(property.key),
                values: (schema["enum"] as? [Any]).map { Set($0.compactMap { $0 as? String }) }
            )
        }
    }

    /// Resolves a schema that is a reference.
    private func resolved(_ object: Object) throws -> Object {
        guard let reference = object["$ref"] as? String else { return object }
        let target = reference.split(separator: "/").dropFirst().reduce(document as Any?) { value, name in
            (value as? Object)?[String(name)]
        }
        return try #require(target as? Object, "\(reference)")
    }
}

package import SecretMemory

/// Encodes parameters as one JSON object with camelCase names, for AWS: `client_id` becomes `clientId`.
package enum CamelCaseJSON {
    package static let mediaType = "application/json"

    package static func body(_ parameters: [FormEncoding.Parameter]) -> SecretBytes {
        JSONObjectWriter.body(parameters, hasLists: true, name: name)
    }

    package static func name(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

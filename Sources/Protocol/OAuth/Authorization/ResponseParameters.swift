internal import Formats
internal import SecretMemory

/// The parameters of an authorization response, each decoded, and at most once (RFC 6749 §3.1).
struct ResponseParameters {
    private var values: [String: WipedBytes] = [:]

    /// Those of RFC 6749 §4.1.2, RFC 9207 §2, and of flows that are refused.
    static let names: Set<String> = [
        "code", "state", "iss", "error", "error_description", "error_uri", "access_token", "id_token", "response",
    ]

    /// Providers add a few of their own: `session_state`, `scope`, `authuser`, …
    private static let mostParameters = 64

    init(_ query: some Collection<UInt8>) throws(AuthorizationResponse.Rejection) {
        let pairs = query.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= Self.mostParameters else { throw .unreadable }
        for pair in pairs {
            let encodedName = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = FormEncoding.decode(encodedName), Self.names.contains(name) else { continue }
            // Some servers leave a '+' in a code as it is; none has a space there.
            let value = PercentEncoding.decode(pair.dropFirst(encodedName.count + 1), plusIsSpace: name != "code")
            guard let value else { throw .malformed(name) }
            guard values.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
    }

    /// Whether these are parameters of a response at all.
    var isResponse: Bool { !values.isEmpty }

    /// Whether there is such a parameter; an empty one counts as absent.
    func has(_ name: String) -> Bool { values[name].map { !$0.isEmpty } ?? false }

    /// Returns the parameter as one word of printable ASCII; `nil` if it is absent.
    func word(_ name: String) throws(AuthorizationResponse.Rejection) -> SecretBytes? {
        guard let value = values[name], !value.isEmpty else { return nil }
        guard value.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .malformed(name) }
        return SecretBytes(value)
    }

    /// Returns the parameter as text that is not sanitised; `nil` if it is absent.
    func text(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
    }
}

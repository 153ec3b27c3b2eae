import Foundation

/// A parsed request.
struct IssuerRequest: Sendable {
    let method: String
    let path: String
    let query: [String: String]
    /// For a JSON body: members that are strings, numbers or arrays of strings, joined by spaces.
    let form: [String: String]
    /// A parameter that may be repeated (RFC 8707 §2).
    let resources: [String]
    /// Another one (RFC 8693 §2.1).
    let audiences: [String]
    /// The other parameters that the form has more than once, which RFC 6749 §3.2 forbids.
    let repeated: Set<String>
    let contentType: String?
    let isJSON: Bool
    /// The names of the JSON body's array members.
    let lists: Set<String>
    /// AWS's header for an access token.
    let sessionToken: String?
    private let authorization: String?

    init(method: String, uri: String, headers: (String) -> String?, body: String) {
        let parts = uri.split(separator: "?", maxSplits: 1).map(String.init)
        self.method = method
        path = parts.first ?? "/"
        query = parts.count == 2 ? Self.decode(parts[1]) : [:]
        form = body.hasPrefix("{") ? Self.members(body) : Self.decode(body)
        let parameters = body.split(separator: "&") + (parts.count == 2 ? parts[1].split(separator: "&") : [])
        resources = Self.values("resource", parameters)
        audiences = Self.values("audience", parameters)
        let names = body.split(separator: "&").map { String($0.prefix { $0 != "=" }) }
        repeated = Set(names.filter { name in names.count { $0 == name } > 1 }).subtracting(["resource", "audience"])
        contentType = headers("content-type")
        isJSON = body.hasPrefix("{")
        lists = Set(Self.object(body).filter { $0.value is [Any] }.keys)
        sessionToken = headers("x-amz-sso_bearer_token")
        authorization = headers("authorization")
    }

    var authorizationScheme: String? {
        authorization?.split(separator: " ").first.map { $0.lowercased() }
    }

    /// Whether it has anything by which a client is known.
    var namesClient: Bool {
        form["client_id"] != nil || form["client_assertion"] != nil || authorizationScheme == "basic"
    }

    /// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
    var basicCredentials: (id: String?, secret: String?)? {
        guard authorizationScheme == "basic", let encoded = authorization?.split(separator: " ").last,
            let data = Data(base64Encoded: String(encoded))
        else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        return (Self.plain(parts[0]), Self.plain(parts[1]))
    }

    /// RFC 6750 §2.1.
    var bearerToken: String? {
        authorizationScheme == "bearer" ? authorization?.split(separator: " ").last.map(String.init) : nil
    }

    private static func values(_ name: String, _ parameters: [Substring]) -> [String] {
        parameters.filter { $0.hasPrefix(name + "=") }.map { plain(String($0.dropFirst(name.count + 1))) }
    }

    private static func members(_ json: String) -> [String: String] {
        object(json).mapValues { value in (value as? [String])?.joined(separator: " ") ?? "\(value)" }
    }

    private static func object(_ json: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
    }

    private static func decode(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            values[plain(parts[0])] = parts.count == 2 ? plain(parts[1]) : ""
        }
        return values
    }

    private static func plain(_ text: String) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? text
    }
}

struct IssuerReply: Sendable {
    var status: Int
    var contentType: String
    var body: String
    var headers: [String: String]
    /// Closes the connection without a reply.
    var isDropped = false

    static let drop: IssuerReply = {
        var reply = IssuerReply(status: 500, contentType: "", body: "", headers: [:])
        reply.isDropped = true
        return reply
    }()
}

internal import Formats
internal import OAuth

/// Writes a reply's members with some of them exchanged, renamed, added or duplicated.
struct HostileJSON {
    var random: SeededGenerator

    /// All names that the parser reads, so that members of different providers meet in one reply.
    private static let names = [
        "error", "errors", "error_description", "error_code", "errorCode", "error_subcode", "message", "code", "status",
        "type", "access_token", "accessToken", "token_type", "tokenType", "refresh_token", "refreshToken", "id_token",
        "expires_in", "expiresIn", "refresh_expires_in", "refresh_token_expires_in", "scope", "scopes", "device_code",
        "deviceCode", "user_code", "verification_uri", "verification_url", "verification_uri_complete", "interval",
        "authorization_code", "issuer", "token_endpoint", "device_authorization_endpoint", "jwks_uri", "active",
        "client_id", "clientId", "client_secret", "clientSecret", "client_secret_expires_at", "grant_types",
        "token_endpoint_auth_method", "registration_access_token", "registration_client_uri", "keys", "kty", "crv",
        "kid", "alg", "use", "key_ops", "n", "e", "x", "y", "d", "iss", "sub", "aud", "exp", "x\u{200B}",
    ]

    private static let texts = [
        "", "authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant", "invalid_client",
        "Bearer", "mac", "1349174", "Bad Request", "3600", "-1", "1e999", "nan", "a,b c", "https://h.example/d",
        "https://h.example@evil/", "javascript:alert(1)", "\u{1B}]0;x\u{7}y", "\u{202E}x", "a\r\nb", "\u{0}",
        String(repeating: "long ", count: 200), String(repeating: "x", count: 3_000),
    ]

    mutating func write(_ members: [String: JSONValue], asForm: Bool) -> [UInt8] {
        // Sorted, because the order of a dictionary differs between runs.
        var pairs = members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        for _ in 0..<Int.random(in: 1...3, using: &random) { change(&pairs) }
        if asForm {
            return Array(
                pairs.map { pair in
                    String(decoding: FormEncoding.encode(pair.name.utf8), as: UTF8.self) + "="
                        + String(decoding: FormEncoding.encode(Self.plain(pair.value).utf8), as: UTF8.self)
                }.joined(separator: "&").utf8)
        }
        return Array(
            ("{" + pairs.map { "\(Self.quoted($0.name)):\(Self.json($0.value))" }.joined(separator: ",") + "}").utf8)
    }

    private mutating func change(_ pairs: inout [(name: String, value: JSONValue)]) {
        let name = Self.names.randomElement(using: &random) ?? "error"
        guard let index = pairs.indices.randomElement(using: &random) else {
            pairs.append((name, value()))
            return
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: pairs[index].value = value()
        case 2: pairs[index].name = name
        case 3, 4: pairs.append((name, value()))
        case 5: Bool.random(using: &random) ? pairs.append(pairs[index]) : hide(&pairs)
        case 6: pairs[index].value = .array([pairs[index].value])
        default:
            var members = ["message": JSONValue.string(echo())]
            members[name] = pairs[index].value
            pairs[index].value = .object(members)
        }
    }

    /// Adds members whose names differ only in invisible characters.
    private mutating func hide(_ pairs: inout [(name: String, value: JSONValue)]) {
        for number in 0..<([2, 3, 40, 700].randomElement(using: &random) ?? 2) {
            let unseen = String(number, radix: 2).map { $0 == "0" ? "\u{200B}" : "\u{200C}" }.joined()
            pairs.append(("x" + unseen, .number("\(number)")))
        }
    }

    private mutating func value() -> JSONValue {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2:
            .number(
                ["0", "-5", "7", "1e400", "123456789012345678901234567890", "0.5"].randomElement(using: &random) ?? "0")
        case 3: (0..<Int.random(in: 1...40, using: &random)).reduce(.null) { value, _ in .array([value]) }
        case 4, 5: .string(echo())
        default: .string(Self.texts.randomElement(using: &random) ?? "")
        }
    }

    /// Text that contains a sent secret: whole, encoded or truncated.
    private mutating func echo() -> String {
        let secret = ReplyMutator.sent.randomElement(using: &random) ?? ""
        let encoded = String(decoding: FormEncoding.encode(secret.utf8), as: UTF8.self)
        let forms = [
            secret, encoded, encoded.replacing("%2B", with: "%2b"),
            secret.replacing("/", with: "\\/"), String(secret.prefix(Int.random(in: 10...18, using: &random))) + "…",
            String(secret.dropFirst(3)), "\u{1B}[1m" + secret + "\u{200B}",
        ]
        return "got '\(forms.randomElement(using: &random) ?? secret)', no"
    }

    private static func json(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .number(let text): text
        case .string(let text): quoted(text)
        case .array(let elements): "[" + elements.map(json).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(
                    separator: ",")
                + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { scalar in
                switch scalar {
                case "\"", "\\": "\\\(scalar)"
                case ..<" ": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                default: "\(scalar)"
                }
            }.joined() + "\""
    }

    private static func plain(_ value: JSONValue) -> String {
        if case .string(let text) = value { text } else { json(value) }
    }
}

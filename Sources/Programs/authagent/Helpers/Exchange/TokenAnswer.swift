internal import AuthagentClient
internal import Formats

/// The agent's reply with a token. Valid as long as its bytes.
struct TokenAnswer {
    private let json: JSONView
    private let token: JSONView
    /// When the token ends, in seconds since 1970; `nil` if the provider does not say.
    let expiry: Int?

    /// `isIDToken`: the ID token is the one that is used.
    init(_ json: JSONView, isIDToken: Bool) throws(Failure) {
        guard let token = json[isIDToken ? "id_token" : "access_token"], token.quoted != nil else {
            throw Failure(AgentClientError.notUnderstood)
        }
        // Others would end a word, a line or a header of the program that reads it.
        guard Self.isVisible(token) else {
            throw Failure(
                "the token has other characters than visible ASCII, and is not passed on",
                hint: "run 'authagent token NAME' for it as it is")
        }
        guard isIDToken || json["token_type"]?.quoted.map({ $0.elementsEqual("N_A".utf8) }) != true else {
            throw Failure(
                "the account's token is not an access token, and no service takes it in a header",
                hint: "name another account: this one's token is for a request of the agent or another program")
        }
        self.json = json
        self.token = token
        let expiry = json[isIDToken ? "id_token_expires_at" : "expires_at"]?.integer
        self.expiry = expiry.flatMap { (1..<Self.endOfTime).contains($0) ? $0 : nil }
    }

    /// A member of the reply that is text, such as `git_username`; `nil` if it is missing or has control characters.
    subscript(_ name: StaticString) -> JSONView? {
        guard let value = json[name] else { return nil }
        var isPrintable = true
        let isText = value.forEachByte { if $0 < 0x20 || $0 == 0x7F { isPrintable = false } }
        return isText && isPrintable ? value : nil
    }

    /// Appends the token.
    func appendToken(to line: inout RawBytes) { _ = line.append(decoding: token) }

    /// Appends the token as the content of a JSON string.
    func appendQuotedToken(to text: inout RawBytes) { if let quoted = token.quoted { text.append(quoted) } }

    /// Appends the type, which is `Bearer` in this form however the provider writes it: not every server ignores case.
    func appendType(to line: inout RawBytes) {
        guard let type = json["token_type"], let quoted = type.quoted, !quoted.equalsIgnoringCase("bearer"),
            Self.isVisible(type), !quoted.contains(UInt8(ascii: "\\")), !quoted.contains(UInt8(ascii: "\""))
        else { return line.append(literal: "Bearer") }
        line.append(quoted)
    }

    /// Appends the value of the field Authorization as the content of a JSON string.
    func appendQuotedAuthorization(to text: inout RawBytes) {
        appendType(to: &text)
        text.append(literal: " ")
        appendQuotedToken(to: &text)
    }

    /// Lends the token's bytes.
    func withToken<Value>(_ body: (Bytes) -> Value) -> Value { Self.lend(token, body) }

    /// Lends the bytes of the access token, also if the ID token is used: it is the one that the agent renews.
    func withAccessToken<Value>(_ body: (Bytes) -> Value) -> Value { Self.lend(json["access_token"] ?? token, body) }

    private static func lend<Value>(_ token: JSONView, _ body: (Bytes) -> Value) -> Value {
        var bytes = RawBytes(capacity: token.source.count)
        _ = bytes.append(decoding: token)
        return bytes.withBytes(body)
    }

    private static func isVisible(_ text: JSONView) -> Bool {
        var (isVisible, isEmpty) = (true, true)
        let isText = text.forEachByte { byte in
            isEmpty = false
            if !(0x21...0x7E).contains(byte) { isVisible = false }
        }
        return isText && isVisible && !isEmpty
    }

    /// The year 9999, the last that RFC 3339 can write.
    private static let endOfTime = 253_402_300_800
}

internal import AgentAPI
internal import Configuration
internal import System

/// The content of a sink's file.
extension TokenReply {
    /// Returns the token in this form. `variable` is for `env`.
    func text(as what: SinkContentKind, variable: String? = nil) throws(Fault) -> String {
        switch what {
        case .accessToken: return accessToken
        case .idToken: return idToken ?? ""
        case .header:
            if let problem = noHeader { throw Fault(problem.detail, hint: problem.hint ?? "") }
            guard accessToken.isVisible, tokenType.isVisible else { throw Self.unfit("a header") }
            return "Authorization: \(tokenType) \(accessToken)"
        case .env:
            guard accessToken.isPlain else { throw Self.unfit("a file of variables") }
            return "\(variable ?? "TOKEN")=\(accessToken)"
        case .json: return APIJSON.text(fixed: lasting)
        }
    }

    func content(for sink: SinkSettings) throws(Fault) -> SinkContent {
        var text = try text(as: sink.what, variable: sink.variable)
        if sink.endsWithNewline { text += "\n" }
        let meta = Meta(account: account, expiresAt: expiresAt(for: sink.what))
        return SinkContent(
            bytes: Array(text.utf8), meta: sink.hasMeta ? APIJSON.encode(fixed: meta) + [UInt8(ascii: "\n")] : nil)
    }

    /// The expiry of what the file holds, in seconds since 1970.
    func expiresAt(for what: SinkContentKind) -> Int? { what == .idToken ? idTokenExpiresAt : expiresAt }

    /// The members that stay true: `expires_in` counts from now, and a note is about this request.
    private var lasting: TokenReply {
        var reply = TokenReply(
            accessToken: accessToken, tokenType: tokenType, expiresIn: nil, scope: scope, expiresAt: expiresAt,
            account: account, note: nil)
        reply.issuedTokenType = issuedTokenType
        return reply
    }

    private struct Meta: Encodable {
        let account: AccountName
        let expiresAt: Int?

        enum CodingKeys: String, CodingKey {
            case account
            case expiresAt = "expires_at"
        }
    }

    private static func unfit(_ place: String) -> Fault {
        Fault(
            "the provider's tokens have characters that \(place) cannot carry",
            hint: "use what = \"access_token\" or \"json\"")
    }
}

extension String {
    /// Visible ASCII: it cannot end a header line.
    fileprivate var isVisible: Bool { !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    /// The characters of a bearer token (RFC 6750 §2.1): a shell and systemd.exec(5) read them as they are.
    fileprivate var isPlain: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~+/=:@,%".utf8.contains(byte)
            }
    }
}

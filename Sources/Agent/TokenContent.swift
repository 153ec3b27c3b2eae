internal import AgentAPI
internal import IDToken
internal import OAuth
internal import SecretMemory

/// What is in a token, as far as anybody can read it. Nothing of it is proven.
struct TokenContent {
    let form: TokenInspection.Form
    let header: [String: JSONValue]?
    let claims: [String: JSONValue]?
    let token: Result<JSONWebToken, IDTokenRejection>

    init(_ secret: SecretBytes) {
        let bytes = secret.revealed()
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let header = parts.first.flatMap { try? JSONWebToken.object($0, .header) }
        do throws(IDTokenRejection) { token = .success(try JSONWebToken(parsing: bytes)) } catch {
            token = .failure(error)
        }
        // `{"` in base64url: somebody has meant it to be a JWT, though it may be broken.
        let looksLikeJWT = bytes.starts(with: "eyJ".utf8)
        switch parts.count {
        case 3 where header != nil || looksLikeJWT: form = .jwt
        case 5 where header != nil: form = .encrypted
        default: form = .opaque
        }
        self.header = form == .opaque ? nil : header
        claims = form == .jwt ? try? JSONWebToken.object(parts[1], .payload) : nil
    }

    var issuer: String? { text("iss") }
    var tenant: String? { text("tid") }

    private func text(_ name: String) -> String? {
        guard case .string(let text)? = claims?[name] else { return nil }
        return text
    }
}

extension JSONContent {
    /// The same, fit for a terminal. More than a page of text is cut.
    init(cleaning members: [String: JSONValue]) { self.init(cleaning: members, redaction: Redaction([])) }

    init(cleaning members: [String: JSONValue], redaction: Redaction) {
        self = .object(
            Dictionary(
                members.map { (redaction.clean($0, limit: 128), JSONContent(cleaning: $1, redaction)) },
                // Two names that differ only in what nobody can see.
                uniquingKeysWith: { .array([$0, $1]) }
            )
        )
    }

    private init(cleaning value: JSONValue, _ redaction: Redaction) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text):
            if let value = Int(text) {
                self = .integer(value)
            } else if let value = Double(text), value.isFinite {
                self = .number(value)
            } else {
                self = .string(redaction.clean(text, limit: 64))
            }
        case .string(let text): self = .string(redaction.clean(text, limit: 2048))
        case .array(let elements): self = .array(elements.map { JSONContent(cleaning: $0, redaction) })
        case .object(let members): self.init(cleaning: members, redaction: redaction)
        }
    }
}

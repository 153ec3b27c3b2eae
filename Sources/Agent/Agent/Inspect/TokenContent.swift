package import AgentAPI
package import Formats
package import JOSE
package import OAuth
package import SecretMemory

/// What is in a token, as far as anybody can read it. Nothing of it is proven.
package struct TokenContent {
    package let form: TokenInspection.Form
    package let header: [String: JSONValue]?
    package let claims: [String: JSONValue]?
    package let token: Result<JSONWebToken, IDTokenRejection>
    /// Whether somebody has meant it to be a JWT, or it is a piece of one: then it is some issuer's, even if nobody can
    /// read whose.
    package let looksLikeJWT: Bool

    package init(_ secret: SecretBytes) {
        let bytes = secret.revealed()
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let header = parts.first.flatMap { try? JSONWebToken.object($0, .header) }
        do throws(IDTokenRejection) { token = .success(try JSONWebToken(parsing: bytes)) } catch {
            token = .failure(error)
        }
        // `{"` in base64url begins what may be broken further on.
        looksLikeJWT = parts.contains {
            $0.starts(with: "eyJ".utf8) || (try? JSONWebToken.object($0, .payload)) != nil
        }
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
        // RFC 7519 §5.3: an encrypted token may say in its header whose it is.
        guard case .string(let text)? = form == .encrypted ? header?[name] : claims?[name] else { return nil }
        return text
    }
}

extension JSONContent {
    /// The same, fit for a terminal. More than a page of text is cut.
    package init(cleaning members: [String: JSONValue]) { self.init(cleaning: members, redaction: Redaction([])) }

    package init(cleaning members: [String: JSONValue], redaction: Redaction) {
        // Several names may differ only in what nobody can see, or in what is cut. One list for all of them: a level
        // for each would let a token nest deeper than JSON can be written.
        let groups = Dictionary(grouping: members.sorted { $0.key < $1.key }) { redaction.clean($0.key, limit: 128) }
        self = .object(
            groups.mapValues { group in
                let values = group.map { JSONContent(cleaning: $0.value, redaction) }
                return values.count == 1 ? values[0] : .array(values)
            }
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

package import AgentAPI
package import Formats
package import JOSE
package import OAuth
package import SecretMemory

/// The readable content of a token. Nothing in it is verified.
package struct TokenContent {
    package let form: TokenInspection.Form
    package let header: [String: JSONValue]?
    package let claims: [String: JSONValue]?
    package let token: Result<JSONWebToken, IDTokenRejection>
    /// Whether the token is a JWT, a broken one or a part of one. It then has an issuer, even if that cannot be read.
    package let looksLikeJWT: Bool

    package init(_ secret: SecretBytes) {
        let bytes = secret.revealed()
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let header = parts.first.flatMap { try? JSONWebToken.object($0, .header) }
        do throws(IDTokenRejection) { token = .success(try JSONWebToken(parsing: bytes)) } catch {
            token = .failure(error)
        }
        // `eyJ` is `{"` in base64url: a JWT's start, even if the rest is broken.
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
        // RFC 7519 §5.3: an encrypted token may repeat claims in its header.
        guard case .string(let text)? = form == .encrypted ? header?[name] : claims?[name] else { return nil }
        return text
    }
}

extension JSONContent {
    /// Creates content that is safe for a terminal, with long text cut.
    package init(cleaning members: [String: JSONValue]) { self.init(cleaning: members, redaction: Redaction([])) }

    package init(cleaning members: [String: JSONValue], redaction: Redaction) {
        // Cleaning or cutting may make two names equal. They share one list: a level for each would let a token nest
        // deeper than JSON can be encoded.
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

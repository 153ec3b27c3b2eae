import Agent
import AgentAPI
internal import Formats
import JOSE
import OAuth
import SecretMemory

/// The agent's reading of a reply that has no login tokens: introspection, registration, an issuer's keys, and a token
/// whose claims are the reply's members.
struct OtherReading {
    private let introspection: IntrospectionReply
    private let registration: Result<RegisteredClient, RegistrationFailure>
    private let keys: KeySet?
    /// The introspection reply, as `inspect` shows it.
    private let answer: JSONContent?
    private let token: TokenInspection

    private static let origin = "https://h.example"

    init(_ response: HTTPResponse, _ reply: ProviderReply) {
        introspection = IntrospectionReply(response, reply)
        registration = Result { () throws(RegistrationFailure) in
            let fields = try reply.registration()
            var client = try RegisteredClient(fields, origins: [Self.origin])
            do throws(RegisteredClient.Unusable) { try client.settle(fields) } catch { throw error.failure }
            return client
        }
        keys = reply.body.fields.flatMap { KeySet($0) }
        if case .answered(_, let members) = introspection {
            let sent = ReplyMutator.sent.map { SecretBytes($0) }
            answer = JSONContent(cleaning: members, redaction: Redaction(sent))
        } else {
            answer = nil
        }
        let header = Base64URL.encode(Array(#"{"alg":"ES256","kid":"a"}"#.utf8))
        let content = TokenContent(SecretBytes("\(header).\(Base64URL.encode(response.body)).AAAA"))
        var token = TokenInspection(role: .given, form: content.form)
        token.header = content.header.map { JSONContent(cleaning: $0) }
        token.claims = content.claims.map { JSONContent(cleaning: $0) }
        self.token = token
        // Text that is not a JWT, or half of one.
        _ = TokenContent(SecretBytes(response.body))
    }

    /// All text that may reach a user or a log, and must not contain a secret.
    var shownTexts: [String] {
        var texts = answer.map(Self.texts) ?? []
        switch introspection {
        case .refused(let detail), .unreachable(let detail): texts.append(detail)
        case .answered, .unsupported: break
        }
        switch registration {
        case .failure(.transport(let failure)): texts.append(failure.description)
        case .failure(.unsupported(let detail)), .failure(.refused(let detail, _)),
            .failure(.noDeviceGrant(let detail)), .failure(.noGrant(let detail)), .failure(.badResponse(let detail)):
            texts.append(detail)
        case .success: break
        }
        return texts
    }

    var violation: String? {
        guard let written = try? APIJSON.encode(inspection) else { return "the inspection of a token is not JSON" }
        if (try? APIJSON.decode(InspectReply.self, from: written)) == nil { return "the client cannot read it" }
        for text in [token.header, token.claims].compactMap(\.self).flatMap(Self.texts)
        where DisplayText.clean(text, limit: .max) != text || text.unicodeScalars.count > 2_100 {
            return "shown of a token: \(text.debugDescription)"
        }
        if case .success(let client) = registration {
            if let url = client.management?.url, url.origin != Self.origin { return "a token for \(url.text)" }
            if !client.id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return "a client id of any characters" }
        }
        return (keys?.keys.count ?? 0) > KeySet.maximumKeys ? "too many keys" : nil
    }

    var digest: String {
        "\(registration) \(keys?.keys.count ?? -1) \((try? APIJSON.text(inspection)) ?? "") \(shownTexts.sorted())"
    }

    private var inspection: InspectReply {
        var token = token
        token.introspection = answer.map { IntrospectionReport(.active, members: $0) }
        return InspectReply(account: nil, tokens: [token])
    }

    private static func texts(_ content: JSONContent) -> [String] {
        switch content {
        case .null, .bool, .integer, .number: []
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(texts)
        case .object(let members): members.flatMap { [$0.key] + texts($0.value) }
        }
    }
}

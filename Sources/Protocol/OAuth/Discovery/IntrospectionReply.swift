package import Formats
package import SecretMemory

/// The result of a token introspection (RFC 7662 §2.2).
package enum IntrospectionReply: Sendable {
    /// All members of the reply, raw.
    case answered(isActive: Bool, [String: JSONValue])
    /// The metadata has no introspection endpoint.
    case unsupported
    /// The client may not introspect, or the reply is malformed.
    case refused(detail: String)
    case unreachable(detail: String)
}

extension AuthorizationServer {
    /// Introspects a token. The token goes only to the endpoint that the server itself names.
    package func introspect(_ token: SecretBytes) async -> IntrospectionReply {
        guard let url = endpoints.introspection else { return .unsupported }
        let response: HTTPResponse
        let reply: ProviderReply
        do throws(RequestFailure) {
            let proof = try proof(at: url)
            (response, reply) = try await exchange(
                [.secret("token", token)] + proof.parameters, with: url, as: proof, holding: [token])
        } catch {
            switch error {
            case .transport(let failure): return .unreachable(detail: failure.description)
            case .client(let failure): return .refused(detail: failure.description)
            }
        }
        return IntrospectionReply(response, reply)
    }
}

extension IntrospectionReply {
    /// `reply` is `response`, classified for errors. Only a JSON object with `active` is an answer.
    package init(_ response: HTTPResponse, _ reply: ProviderReply) {
        if reply.isTemporary {
            self = .unreachable(detail: reply.summary)
        } else if reply.isSuccess, reply.error == nil,
            case .object(let members)? = try? JSONReader.read(response.body),
            case .bool(let isActive)? = members["active"]
        {
            self = .answered(isActive: isActive, members)
        } else {
            self = .refused(detail: reply.summary)
        }
    }
}

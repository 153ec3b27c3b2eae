package import SecretMemory

/// What the server says about a token (RFC 7662 §2.2).
package enum IntrospectionReply: Sendable {
    /// All members of the answer, raw.
    case answered(isActive: Bool, [String: JSONValue])
    /// The server names no such endpoint.
    case unsupported
    /// It does not let this client ask, or it answers nonsense.
    case refused(detail: String)
    case unreachable(detail: String)
}

extension AuthorizationServer {
    /// Asks about a token. Only the endpoint that the server itself names ever sees it.
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
        if reply.isTemporary { return .unreachable(detail: reply.summary) }
        guard reply.isSuccess, reply.error == nil,
            case .object(let members)? = try? JSONReader.read(response.body),
            case .bool(let isActive)? = members["active"]
        else { return .refused(detail: reply.summary) }
        return .answered(isActive: isActive, members)
    }
}

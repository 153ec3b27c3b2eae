internal import SecretMemory

extension AuthorizationServer {
    /// Whether `revoke` takes refresh tokens; otherwise only access tokens, whose session it ends.
    public var revokesTokens: Bool { dialect.encoding.revokesTokens }

    /// Ends the session that an access token belongs to, as AWS IAM Identity Center has it ("IAM Identity Center Portal
    /// API Reference", Logout): the token is in a header, the body is empty, and so is that of the reply.
    func endSession(of accessToken: SecretBytes, at url: EndpointURL) async -> RevocationReply {
        // A header is text, so this is a copy of the token that cannot be wiped.
        let request = HTTPRequest(
            method: .post,
            url: url,
            headers: [
                (name: "Accept", value: dialect.encoding.mediaType),
                (name: "Content-Type", value: dialect.encoding.mediaType),
                (name: "x-amz-sso_bearer_token", value: accessToken.revealedText()),
            ]
        )
        do throws(TransportFailure) {
            return RevocationReply(ProviderReply(try await transport.send(request), secrets: [accessToken]))
        } catch {
            return RevocationReply(error)
        }
    }
}

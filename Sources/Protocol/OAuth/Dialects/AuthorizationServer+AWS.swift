internal import SecretMemory

extension AuthorizationServer {
    /// Whether `revoke` accepts refresh tokens; otherwise only access tokens, whose session it ends.
    public var revokesTokens: Bool { dialect.encoding.revokesTokens }

    /// Ends the session of an access token at AWS IAM Identity Center ("IAM Identity Center Portal API Reference",
    /// Logout). The token is in a header; request and reply have empty bodies.
    func endSession(of accessToken: SecretBytes, at url: EndpointURL) async -> RevocationReply {
        // A header is text, so this copy of the token cannot be wiped.
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

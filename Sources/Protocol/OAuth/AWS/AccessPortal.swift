internal import Formats
public import SecretMemory

/// The access portal of IAM Identity Center, which gives credentials of a role for an access token ("IAM Identity
/// Center Portal API Reference", GetRoleCredentials). The request is not signed.
public struct AccessPortal: Sendable {
    /// Without the path of an operation.
    let url: EndpointURL
    let transport: any HTTPTransport

    public init(_ url: EndpointURL, transport: any HTTPTransport) {
        self.url = url
        self.transport = transport
    }

    public func credentials(
        role: String, account: String, for accessToken: SecretBytes
    ) async -> Result<RoleCredentials, RoleFailure> {
        let base = url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text
        let query = "role_name=\(Self.encoded(role))&account_id=\(Self.encoded(account))"
        do throws(URLRejection) {
            // A header is text, so this copy of the token cannot be wiped.
            let request = HTTPRequest(
                method: .get, url: try EndpointURL(parsing: "\(base)/federation/credentials?\(query)"),
                headers: [
                    (name: "Accept", value: "application/json"),
                    (name: "x-amz-sso_bearer_token", value: accessToken.revealedText()),
                ], timeLimit: Self.timeLimit)
            do throws(TransportFailure) {
                return Self.result(try await transport.send(request), accessToken)
            } catch { return .failure(.unreachable(error)) }
        } catch {
            return .failure(.unreadable("the address of the request is not usable: \(error)"))
        }
    }

    /// Below the time that a client of the agent waits, with a renewal of the token before it.
    static let timeLimit: Duration = .seconds(10)

    private static func encoded(_ text: String) -> String {
        // A name of AWS has no space, which a form would write as '+'.
        String(decoding: FormEncoding.encode(text.utf8), as: UTF8.self)
    }

    static func result(_ response: HTTPResponse, _ accessToken: SecretBytes) -> Result<RoleCredentials, RoleFailure> {
        defer { DeadStack.clear() }
        let reply = ProviderReply(response, secrets: [accessToken])
        if reply.isSuccess {
            return credentials(reply, response).map { .success($0) }
                ?? .failure(.unreadable("the reply of the access portal has no credentials"))
        }
        let type = errorType(response, reply)
        if type == "TooManyRequestsException" || reply.isTemporary {
            return .failure(.busy(reply.summary, retryAfter: reply.retryAfter))
        }
        // A front server's page is not the portal's answer.
        guard reply.body.fields != nil, (400...499).contains(reply.status) else {
            return .failure(.unreadable(reply.summary))
        }
        let isTokenRefused = type == "UnauthorizedException" || reply.status == 401
        return .failure(isTokenRefused ? .tokenRefused(reply.summary) : .roleRefused(reply.summary))
    }

    private static func credentials(_ reply: ProviderReply, _ response: HTTPResponse) -> RoleCredentials? {
        guard case .object(let members)? = reply.body.fields?["roleCredentials"] else { return nil }
        let fields = ReplyFields(members)
        // In milliseconds, unlike everywhere else at AWS.
        guard case .number(let text)? = fields["expiration"], let milliseconds = Int(text) else { return nil }
        return RoleCredentials(
            key: fields.string("accessKeyId"), secret: fields.string("secretAccessKey"),
            token: fields.string("sessionToken"), expiresAt: milliseconds / 1000, of: response)
    }

    /// The name of the error: in a header before a colon, or in the body after a number sign.
    private static func errorType(_ response: HTTPResponse, _ reply: ProviderReply) -> String? {
        let text = response.header("x-amzn-ErrorType") ?? reply.body.fields?.string("__type")
        return text?.split(separator: ":").first?.split(separator: "#").last.map(String.init)
    }
}

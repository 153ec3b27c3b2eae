internal import Formats
public import SecretMemory

/// AWS STS, which gives credentials of a role for an ID token ("AWS Security Token Service API Reference",
/// AssumeRoleWithWebIdentity). The request is not signed; the reply is XML.
public struct SecurityTokenService: Sendable {
    let url: EndpointURL
    let transport: any HTTPTransport

    public init(_ url: EndpointURL, transport: any HTTPTransport) {
        self.url = url
        self.transport = transport
    }

    /// `duration` is in seconds; `nil` for the service's own, an hour.
    public func credentials(
        role arn: String, sessionName: String, duration: Int?, for idToken: SecretBytes
    ) async -> Result<RoleCredentials, RoleFailure> {
        var parameters: [FormEncoding.Parameter] = [
            .plain("Action", "AssumeRoleWithWebIdentity"), .plain("Version", "2011-06-15"), .plain("RoleArn", arn),
            .plain("RoleSessionName", sessionName), .secret("WebIdentityToken", idToken),
        ]
        if let duration { parameters.append(.plain("DurationSeconds", "\(duration)")) }
        let request = HTTPRequest(
            method: .post, url: url,
            headers: [(name: "Accept", value: "text/xml"), (name: "Content-Type", value: FormEncoding.mediaType)],
            body: FormEncoding.body(parameters), timeLimit: AccessPortal.timeLimit)
        do throws(TransportFailure) {
            return Self.result(try await transport.send(request), idToken)
        } catch { return .failure(.unreachable(error)) }
    }

    static func result(_ response: HTTPResponse, _ idToken: SecretBytes) -> Result<RoleCredentials, RoleFailure> {
        defer { DeadStack.clear() }
        let document = try? XMLReader.read(response.body)
        if (200...299).contains(response.status) {
            return credentials(document, response).map { .success($0) }
                ?? .failure(.unreadable("the reply of STS has no credentials"))
        }
        let status = "the server answers with status \(response.status)"
        guard let document, document.name == "ErrorResponse", let error = document.child("Error"),
            let code = error.child("Code")?.text
        else {
            let isTemporary = response.status == 429 || response.status >= 500
            return .failure(
                isTemporary ? .busy(status, retryAfter: RetryAfter.wait(response)) : .unreadable(status))
        }
        let redaction = Redaction([idToken])
        let said = [code, error.child("Message")?.text ?? ""].map { redaction.clean($0) }.filter { !$0.isEmpty }
        return .failure(failure(code, "\(status): \(said.joined(separator: ": "))", response))
    }

    private static func failure(_ code: String, _ detail: String, _ response: HTTPResponse) -> RoleFailure {
        switch code {
        case "ExpiredTokenException", "ExpiredToken": return .tokenRefused(detail)
        case "IDPCommunicationError", "IDPCommunicationErrorException", "Throttling", "ThrottlingException",
            "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure":
            return .busy(detail, retryAfter: RetryAfter.wait(response))
        default:
            // InvalidIdentityToken is the answer to a wrong audience or issuer, which a newer token does not cure.
            let isTemporary = response.status == 429 || response.status >= 500
            return isTemporary ? .busy(detail, retryAfter: RetryAfter.wait(response)) : .roleRefused(detail)
        }
    }

    private static func credentials(_ document: XMLElement?, _ response: HTTPResponse) -> RoleCredentials? {
        guard let document, document.name == "AssumeRoleWithWebIdentityResponse",
            let found = document.child("AssumeRoleWithWebIdentityResult")?.child("Credentials")
        else { return nil }
        return RoleCredentials(
            key: found.child("AccessKeyId")?.text, secret: found.child("SecretAccessKey")?.text,
            token: found.child("SessionToken")?.text,
            expiresAt: found.child("Expiration").flatMap { RFC3339.seconds($0.text) }, of: response)
    }
}

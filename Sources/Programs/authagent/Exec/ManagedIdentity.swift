internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import LoopbackHTTP

/// The endpoint of Azure's libraries in App Service ("How to use managed identities for App Service", REST endpoint
/// reference).
struct ManagedIdentity: Sendable {
    let account: AccountName
    let secret: EndpointSecret

    private static let path = "/msi/token"
    private static let version = "2019-08-01"
    /// In seconds: MSAL renews a token 5 minutes before its end.
    private static let minimumValidity = 360

    /// The variables that name the endpoint, and without those of other identities, which would win.
    static func variables(port: UInt16, _ secret: EndpointSecret) -> [(name: String, value: String?)] {
        let others = [
            "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "AZURE_CLIENT_SECRET",
            "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_USERNAME", "AZURE_PASSWORD",
        ]
        return others.map { ($0, nil) } + [
            ("IDENTITY_ENDPOINT", "http://127.0.0.1:\(port)\(path)"), ("IDENTITY_HEADER", secret.text),
        ]
    }

    /// Which resources will be requested is not known yet.
    @Sendable func requireLogin() throws {
        _ = try AgentConnection.open().askAcrossRestart(.token(account, TokenRequest(minimumValidity: 0)))
    }

    func reply(_ request: LoopbackRequest) -> LoopbackReply {
        guard secret.matches(request["x-identity-header"]) else {
            return Self.error(401, "the identity header is missing or wrong")
        }
        guard request.path == Self.path else { return Self.error(404, "there are no tokens at this path") }
        guard request.query["api-version"] == Self.version else {
            return Self.error(400, "the api-version is not \(Self.version)")
        }
        guard let resource = request.query["resource"], !resource.isEmpty else {
            return Self.error(400, "the resource is missing")
        }
        do {
            return LoopbackReply(status: 200, json: APIJSON.encode(fixed: try token(for: resource)))
        } catch let error as TokenTarget.Invalid {
            return Self.error(400, "the resource \(error.problem)")
        } catch {
            let failure = Failure(any: error)
            return Self.error(failure.endpointStatus, failure.endpointMessage)
        }
    }

    private func token(for resource: String) throws -> Token {
        // The v2 endpoint's name for all that the resource grants; a slash at the end of the resource is part of it.
        let target = try TokenTarget(scopes: [resource + "/.default"])
        let reply = try AgentConnection.open()
            .askAcrossRestart(.token(account, TokenRequest(minimumValidity: Self.minimumValidity, target: target)))
        if let problem = reply.noHeader { throw Failure(problem) }
        let end = reply.expiresAt ?? time(nil) + Self.minimumValidity
        return Token(
            accessToken: reply.accessToken, expiresOn: "\(end)", resource: resource, tokenType: reply.tokenType)
    }

    static func errorBody(_ status: Int, _ message: String) -> [UInt8] {
        APIJSON.encode(fixed: ErrorBody(statusCode: status, message: message))
    }

    private static func error(_ status: Int, _ message: String) -> LoopbackReply {
        LoopbackReply(status: status, json: errorBody(status, message))
    }

    private struct Token: Encodable {
        let accessToken: String
        /// Seconds since 1970, as text.
        let expiresOn: String
        let resource: String
        let tokenType: String

        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
            case expiresOn = "expires_on"
            case resource
            case tokenType = "token_type"
        }
    }

    private struct ErrorBody: Encodable {
        let statusCode: Int
        let message: String
    }
}

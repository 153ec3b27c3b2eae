internal import AgentAPI
internal import AuthagentClient
internal import LoopbackHTTP

/// The endpoint of AWS's libraries in containers ("AWS SDKs and Tools Reference Guide", Container credential provider).
struct ContainerCredentials: Sendable {
    let account: AccountName
    let request: AWSCredentialsRequest
    let secret: EndpointSecret

    private static let path = "/credentials"

    /// The variables that name the endpoint, and without those of other credentials, which would win. A profile of the
    /// file of credentials would win as well.
    static func variables(port: UInt16, _ secret: EndpointSecret) -> [(name: String, value: String?)] {
        let others = [
            "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
            "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]
        return others.map { ($0, nil) } + [
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            // Some libraries would go on to the machine's own role while a login is required.
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:\(port)\(path)"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", secret.text),
        ]
    }

    func credentials() throws -> AWSCredentialsReply {
        try AgentConnection.open().ask(.awsCredentials(account, request))
    }

    func reply(_ request: LoopbackRequest) -> LoopbackReply {
        guard secret.matches(request["authorization"]) else {
            return Self.error(403, "the authorization token is missing or wrong")
        }
        guard request.path == Self.path else { return Self.error(404, "there are no credentials at this path") }
        do {
            return LoopbackReply(status: 200, json: APIJSON.encode(fixed: Credentials(try credentials())))
        } catch {
            let failure = Failure(any: error)
            return Self.error(failure.endpointStatus, failure.endpointMessage)
        }
    }

    static func errorBody(_ status: Int, _ message: String) -> [UInt8] {
        APIJSON.encode(fixed: ErrorBody(code: "Status\(status)", message: message))
    }

    private static func error(_ status: Int, _ message: String) -> LoopbackReply {
        LoopbackReply(status: status, json: errorBody(status, message))
    }

    /// `Token`, and not `SessionToken` as in a credential_process.
    private struct Credentials: Encodable {
        let accessKeyID: String
        let secretAccessKey: String
        let token: String
        let expiration: String
        let accountID: String?

        init(_ reply: AWSCredentialsReply) {
            (accessKeyID, secretAccessKey, token) = (reply.accessKeyID, reply.secretAccessKey, reply.sessionToken)
            (expiration, accountID) = (reply.expiration, reply.accountID)
        }

        enum CodingKeys: String, CodingKey {
            case accessKeyID = "AccessKeyId"
            case secretAccessKey = "SecretAccessKey"
            case token = "Token"
            case expiration = "Expiration"
            case accountID = "AccountId"
        }
    }

    private struct ErrorBody: Encodable {
        let code: String
        let message: String

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
        }
    }
}

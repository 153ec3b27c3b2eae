internal import Formats
internal import OAuth
internal import SecretMemory

/// The agent's reading of a reply as an answer to a login by code or by CIBA; and of its body as a browser's response,
/// a resource's challenge, and authorization details.
struct LoginReading {
    private let reply: ProviderReply
    private let code: CodeReply
    private let pushed: Result<PushedRequest, OAuthFailure>
    private let backchannel: Result<BackchannelAuthentication, OAuthFailure>
    private let response: AuthorizationResponse?
    private let challenges: Result<[Challenge], ChallengeRejection>
    private let challenge: Result<TokenChallenge?, ChallengeRejection>
    private let details: Result<AuthorizationDetails, AuthorizationDetails.Rejection>

    init(_ reply: ProviderReply, body: [UInt8]) {
        self.reply = reply
        code = CodeReply(reply)
        pushed = Result { () throws(OAuthFailure) in try PushedRequest(reply) }
        backchannel = Result { () throws(OAuthFailure) in try BackchannelAuthentication(reply) }
        response = Self.transaction.map { AuthorizationResponse(body, to: $0, allowsBareCode: false) }
        let text = String(decoding: body, as: UTF8.self)
        challenges = Result { () throws(ChallengeRejection) in try Challenge.parse(text) }
        challenge = Result { () throws(ChallengeRejection) in try TokenChallenge.read(text) }
        details = Result { () throws(AuthorizationDetails.Rejection) in try AuthorizationDetails(parsing: text) }
    }

    /// A login whose state no reply has.
    private static let transaction: AuthorizationTransaction? = {
        guard let token = try? EndpointURL(parsing: "https://h.example/token"),
            let endpoints = try? ProviderEndpoints(metadata: nil, token: token)
        else { return nil }
        let server = AuthorizationServer(
            endpoints: endpoints, client: Client(id: "app", authentication: .none), transport: NoTransport())
        return AuthorizationTransaction(
            redirectURI: .standard, proofKey: ProofKey(verifier: SecretBytes("v"), challenge: "c"), server: server,
            metadata: nil, scopes: ["openid"], randomBytes: { (0..<UInt8($0)).map { $0 &* 37 } })
    }()

    private struct NoTransport: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse { throw .cancelled }
    }

    /// All text that may reach a user or a log.
    var shownTexts: [String] {
        var texts: [String] = []
        switch code {
        case .refused(let error): texts.append(error.description)
        case .lost(let detail), .notSent(let detail, _), .unusable(let detail), .untrusted(let detail):
            texts.append(detail)
        case .unconfigured(let failure): texts.append(failure.description)
        case .granted(let grant): texts += grant.scope ?? []
        }
        if case .failure(let failure) = pushed { texts.append(failure.description) }
        if case .failure(let failure) = backchannel { texts.append(failure.description) }
        if case .ignored(let rejection)? = response { texts.append(rejection.description) }
        if case .failure(let rejection) = challenges { texts.append(rejection.description) }
        if case .success(.other(let error?)?) = challenge { texts.append(error) }
        return texts
    }

    var violation: String? {
        let isAnswer = reply.isSuccess && reply.error == nil
        if case .granted = code, !isAnswer { return "a token for a code out of an error" }
        if case .success(let pushed) = pushed {
            if !isAnswer { return "a pushed request out of an error" }
            if pushed.requestURI.count > 1024 || !(1...86_400).contains(pushed.expiresIn) { return "a bad reference" }
        }
        if case .success(let authentication) = backchannel {
            if !isAnswer { return "a backchannel authentication out of an error" }
            if !(1...300).contains(authentication.interval) || !(1...86_400).contains(authentication.expiresIn) {
                return "a backchannel authentication with bad times"
            }
        }
        switch response {
        case .code?, .refused?: return "a response without the login's state"
        case .ignored?, nil: break
        }
        if case .success(let challenges) = challenges, challenges.count > 16 { return "\(challenges.count) challenges" }
        if case .success(.stepUp(let values, let age, let scopes)?) = challenge {
            if values.count > 32 || scopes.count > 32 || !(0...999_999_999).contains(age ?? 0) {
                return "a bad challenge"
            }
        }
        if case .success(let details) = details, (try? AuthorizationDetails(parsing: details.text)) != details {
            // Escapes may make the canonical text longer than what may be sent.
            return details.text.utf8.count > AuthorizationDetails.longest ? nil : "details with two spellings"
        }
        return nil
    }

    var digest: String {
        "\(code) \(pushed) \(backchannel) \(challenge) \((try? details.get())?.text ?? "") \(shownTexts)"
    }
}

import Crypto
import Foundation

/// The issuer's state. Pure: changed under a lock, without I/O.
struct IssuerState {
    struct RefreshToken {
        var grant: Grant
        var family: Int
        var isLive = true
    }

    private let configuration: DemoIssuer.Configuration
    /// By device code, or by the request's id of CIBA.
    var codes: [String: PendingLogin] = [:]
    var refreshTokens: [String: RefreshToken] = [:]
    var accessTokens: [String] = []
    /// When each access token of a reply expires.
    var accessTokenEnds: [String: Date] = [:]
    var faults: [DemoIssuer.Endpoint: [DemoIssuer.Fault]] = [:]
    var standingFaults: [DemoIssuer.Endpoint: DemoIssuer.Fault] = [:]
    var log: [DemoIssuer.LogEntry] = []
    var subject: String
    var name: String?
    var key = DemoIssuer.SigningKey(number: 1)
    /// Dynamically registered clients, by id.
    var clients: [String: DemoIssuer.RegisteredClient] = [:]
    /// For AWS: the clients' scopes, their expiry in seconds since 1970, and live sessions.
    var awsScopes: [String: [String]] = [:]
    var awsExpiries: [String: Int] = [:]
    var awsTokens: Set<String> = []
    var endedSessions: [String] = []
    var roleRules = DemoIssuer.RoleRules()
    var roleRequests: [String] = []
    /// The ids of used assertions.
    var assertions: Set<String> = []
    var code: DemoIssuer.CodeRules?
    var ciba: DemoIssuer.CIBARules?
    var authentication: DemoIssuer.AuthenticationRules
    var grantedDetails: DemoIssuer.ReplyValue
    /// Authorization requests that wait for the person, by the ticket of their page.
    var authorizations: [String: AuthorizationRequest] = [:]
    var authorizationRequests: [[String: String]] = []
    var authorizationCodes: [String: AuthorizationCode] = [:]
    /// By request URI.
    var pushed: [String: PushedRequest] = [:]
    var machines: DemoIssuer.MachineRules?
    /// By access token.
    var machineTokens: [String: MachineToken] = [:]
    var revokedTokens: Set<String> = []
    private var families = 0

    init(_ configuration: DemoIssuer.Configuration) {
        self.configuration = configuration
        subject = configuration.subject
        code = configuration.code
        ciba = configuration.ciba
        authentication = configuration.authentication
        grantedDetails = configuration.grantedDetails
        machines = configuration.machines
    }

    var detailTypes: [String]? { configuration.detailTypes }

    mutating func nextFault(_ endpoint: DemoIssuer.Endpoint) -> DemoIssuer.Fault? {
        if var queue = faults[endpoint], !queue.isEmpty {
            let fault = queue.removeFirst()
            faults[endpoint] = queue
            return fault
        }
        return standingFaults[endpoint]
    }

    mutating func authorizeDevice(
        _ grant: Grant, challenge: String?, now: Date
    ) -> (deviceCode: String, userCode: String) {
        let userCode = Self.userCode()
        let end = now + Double(configuration.deviceCodeLifetime)
        let code = ask(grant, challenge, .userCode(userCode), until: end, configuration.interval, now: now)
        return (code, userCode)
    }

    /// Returns the key for polls.
    mutating func ask(
        _ grant: Grant, _ challenge: String?, _ prompt: PendingLogin.Prompt, until expires: Date, _ interval: Int,
        now: Date
    ) -> String {
        let key = Self.random(40)
        codes[key] = PendingLogin(
            grant: grant, challenge: challenge, prompt: prompt, expires: expires, interval: interval)
        if configuration.approvesAlone { decide(key, .approved, now: now) }
        return key
    }

    /// False if no such user code is pending; case and dashes are ignored (RFC 8628 §6.1).
    mutating func decide(_ userCode: String, _ decision: PendingLogin.Decision) -> Bool {
        func plain(_ text: String) -> String { text.uppercased().filter(\.isLetter) }
        let key = codes.first { code in
            code.value.decision == nil && code.value.userCode.map { plain($0) == plain(userCode) } ?? false
        }?.key
        guard let key else { return false }
        decide(key, decision, now: Date())
        return true
    }

    mutating func decidePush(_ message: String, _ decision: PendingLogin.Decision) -> Bool {
        let key = codes.first { code in
            guard code.value.decision == nil, case .push(_, message: message) = code.value.prompt else { return false }
            return true
        }?.key
        guard let key else { return false }
        decide(key, decision, now: Date())
        return true
    }

    private mutating func decide(_ key: String, _ decision: PendingLogin.Decision, now: Date) {
        codes[key]?.decision = decision
        codes[key]?.grant.authenticate(authentication, now: now)
    }

    /// Returns the error code of RFC 8628 §3.5, which are also those of CIBA, or the new tokens.
    mutating func poll(
        _ key: String, client: String, verifier: String? = nil, isPush: Bool = false, now: Date
    ) -> Result<Tokens, TokenError> {
        guard var code = codes[key], code.grant.client == client, (code.userCode == nil) == isPush else {
            return .failure(TokenError("invalid_grant"))
        }
        guard now < code.expires else { return .failure(TokenError("expired_token")) }
        if configuration.enforcesInterval, let last = code.lastPoll, now < last + Double(code.interval) {
            code.interval += 5
            code.lastPoll = now
            codes[key] = code
            return .failure(TokenError("slow_down"))
        }
        codes[key]?.lastPoll = now
        switch code.decision {
        case nil: return .failure(TokenError("authorization_pending"))
        case .denied?: return .failure(TokenError("access_denied"))
        case .approved? where code.challenge != verifier.map(Self.challenge):
            return .failure(TokenError("invalid_grant"))
        case .approved?:
            codes[key] = nil
            return .success(tokens(code.grant, family: newFamily()))
        }
    }

    /// RFC 6749 §6: a narrower scope applies to the access token only, not to the refresh token. So do narrower
    /// `authorization_details` (RFC 9396 §6).
    mutating func refresh(
        _ token: String, client: String, scope: String?, resources: [String], details: String? = nil
    ) -> Result<Tokens, TokenError> {
        guard let known = refreshTokens[token], known.grant.client == client else {
            return .failure(TokenError("invalid_grant"))
        }
        guard known.isLive else {
            if configuration.rotation == .oneUseWithFamily { revokeFamily(known.family) }
            return .failure(TokenError("invalid_grant"))
        }
        var narrowed = known.grant
        if let scope { narrowed.scope = scope.split(separator: " ").joined(separator: " ") }
        guard Set(narrowed.scope.split(separator: " ")).isSubset(of: known.grant.scope.split(separator: " ")) else {
            return .failure(TokenError("invalid_scope"))
        }
        guard configuration.unknownResources.isDisjoint(with: resources) else {
            return .failure(TokenError("invalid_target"))
        }
        if let details {
            narrowed.details = try? AuthorizationDetails(details, types: detailTypes ?? [])
            guard narrowed.details?.isWithin(known.grant.details) ?? false else {
                return .failure(TokenError("invalid_authorization_details"))
            }
        }
        // OpenID Connect Core 1.0 §12.2: the nonce is the login's.
        narrowed.nonce = nil
        switch configuration.rotation {
        case .none: return .success(Tokens(access: newAccessToken(), refresh: nil, grant: narrowed))
        case .oldAccepted: break
        case .oneUse, .oneUseWithFamily: refreshTokens[token]?.isLive = false
        }
        var tokens = tokens(known.grant, family: known.family)
        tokens.grant = narrowed
        return .success(tokens)
    }

    /// RFC 7009 §2.2: an unknown token counts as revoked.
    mutating func revoke(_ token: String) {
        if accessTokenEnds.removeValue(forKey: token) != nil { revokedTokens.insert(token) }
        if let family = refreshTokens[token]?.family { revokeFamily(family) }
    }

    mutating func revokeFamily(_ family: Int) {
        for key in refreshTokens.keys where refreshTokens[key]?.family == family { refreshTokens[key]?.isLive = false }
    }

    mutating func newFamily() -> Int {
        families += 1
        return families
    }

    mutating func tokens(_ grant: Grant, family: Int) -> Tokens {
        var tokens = Tokens(access: newAccessToken(), refresh: nil, grant: grant)
        if configuration.issuesRefreshToken { tokens.refresh = refreshToken(grant, family: family) }
        return tokens
    }

    /// Issues a refresh token.
    mutating func refreshToken(_ grant: Grant, family: Int? = nil) -> String {
        let refresh = Self.random(32) + configuration.endOfRefreshTokens
        refreshTokens[refresh] = RefreshToken(grant: grant, family: family ?? newFamily())
        return refresh
    }

    /// RFC 7636 §4.2.
    static func challenge(_ verifier: String) -> String {
        DemoIssuer.base64URL(Data(SHA256.hash(data: Data(verifier.utf8))))
    }

    private mutating func newAccessToken() -> String {
        let token = Self.random(32)
        accessTokens.append(token)
        return token
    }

    static func random(_ count: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        return String((0..<count).compactMap { _ in letters.randomElement() })
    }

    /// RFC 8628 §6.1: consonants only, so that no code forms a word.
    private static func userCode() -> String {
        let letters = Array("BCDFGHJKLMNPQRSTVWXZ")
        let code = (0..<8).compactMap { _ in letters.randomElement() }
        return String(code[..<4]) + "-" + String(code[4...])
    }
}

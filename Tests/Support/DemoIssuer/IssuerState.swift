import Crypto
import Foundation

/// The issuer's state. Pure: changed under a lock, without I/O.
struct IssuerState {
    struct DeviceCode {
        var client: String
        var scope: String
        /// The PKCE challenge, if the client has sent one.
        var challenge: String?
        var userCode: String
        var expires: Date
        var decision: Decision?
        var lastPoll: Date?
        var interval: Int
    }

    enum Decision { case approved, denied }

    struct RefreshToken {
        var client: String
        var scope: String
        var family: Int
        var isLive = true
    }

    private let configuration: DemoIssuer.Configuration
    var codes: [String: DeviceCode] = [:]
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
    private var families = 0

    init(_ configuration: DemoIssuer.Configuration) {
        self.configuration = configuration
        subject = configuration.subject
    }

    mutating func nextFault(_ endpoint: DemoIssuer.Endpoint) -> DemoIssuer.Fault? {
        if var queue = faults[endpoint], !queue.isEmpty {
            let fault = queue.removeFirst()
            faults[endpoint] = queue
            return fault
        }
        return standingFaults[endpoint]
    }

    mutating func authorizeDevice(
        client: String, scope: String, challenge: String?, now: Date
    ) -> (deviceCode: String, userCode: String) {
        let deviceCode = Self.random(40)
        let userCode = Self.userCode()
        codes[deviceCode] = DeviceCode(
            client: client, scope: scope, challenge: challenge, userCode: userCode,
            expires: now + Double(configuration.deviceCodeLifetime),
            decision: configuration.approvesAlone ? .approved : nil, lastPoll: nil, interval: configuration.interval
        )
        return (deviceCode, userCode)
    }

    /// False if no such user code is pending; case and dashes are ignored (RFC 8628 §6.1).
    mutating func decide(_ userCode: String, _ decision: Decision) -> Bool {
        func plain(_ text: String) -> String { text.uppercased().filter(\.isLetter) }
        guard
            let key = codes.first(where: { plain($0.value.userCode) == plain(userCode) && $0.value.decision == nil })?
                .key
        else { return false }
        codes[key]?.decision = decision
        return true
    }

    /// Returns the error code of RFC 8628 §3.5, or the new tokens.
    mutating func poll(
        _ deviceCode: String, client: String, verifier: String?, now: Date
    ) -> Result<Tokens, TokenError> {
        guard var code = codes[deviceCode], code.client == client else { return .failure(TokenError("invalid_grant")) }
        guard now < code.expires else { return .failure(TokenError("expired_token")) }
        if configuration.enforcesInterval, let last = code.lastPoll, now < last + Double(code.interval) {
            code.interval += 5
            code.lastPoll = now
            codes[deviceCode] = code
            return .failure(TokenError("slow_down"))
        }
        codes[deviceCode]?.lastPoll = now
        switch code.decision {
        case nil: return .failure(TokenError("authorization_pending"))
        case .denied?: return .failure(TokenError("access_denied"))
        case .approved? where code.challenge != verifier.map(Self.challenge):
            return .failure(TokenError("invalid_grant"))
        case .approved?:
            codes[deviceCode] = nil
            families += 1
            return .success(tokens(client: client, scope: code.scope, family: families))
        }
    }

    /// RFC 6749 §6: a narrower scope applies to the access token only, not to the refresh token.
    mutating func refresh(
        _ token: String, client: String, scope: String?, resources: [String]
    ) -> Result<Tokens, TokenError> {
        guard let known = refreshTokens[token], known.client == client else {
            return .failure(TokenError("invalid_grant"))
        }
        guard known.isLive else {
            if configuration.rotation == .oneUseWithFamily { revokeFamily(known.family) }
            return .failure(TokenError("invalid_grant"))
        }
        let scopes = scope?.split(separator: " ") ?? known.scope.split(separator: " ")
        guard Set(scopes).isSubset(of: known.scope.split(separator: " ")) else {
            return .failure(TokenError("invalid_scope"))
        }
        guard configuration.unknownResources.isDisjoint(with: resources) else {
            return .failure(TokenError("invalid_target"))
        }
        let narrowed = scopes.joined(separator: " ")
        switch configuration.rotation {
        case .none: return .success(Tokens(access: newAccessToken(), refresh: nil, scope: narrowed))
        case .oldAccepted: break
        case .oneUse, .oneUseWithFamily: refreshTokens[token]?.isLive = false
        }
        var tokens = tokens(client: client, scope: known.scope, family: known.family)
        tokens.scope = narrowed
        return .success(tokens)
    }

    /// RFC 7009 §2.2: an unknown token counts as revoked.
    mutating func revoke(_ token: String) {
        if let family = refreshTokens[token]?.family { revokeFamily(family) }
    }

    private mutating func revokeFamily(_ family: Int) {
        for key in refreshTokens.keys where refreshTokens[key]?.family == family { refreshTokens[key]?.isLive = false }
    }

    private mutating func tokens(client: String, scope: String, family: Int) -> Tokens {
        guard configuration.issuesRefreshToken else {
            return Tokens(access: newAccessToken(), refresh: nil, scope: scope)
        }
        let refresh = Self.random(32) + configuration.endOfRefreshTokens
        refreshTokens[refresh] = RefreshToken(client: client, scope: scope, family: family)
        return Tokens(access: newAccessToken(), refresh: refresh, scope: scope)
    }

    /// RFC 7636 §4.2.
    private static func challenge(_ verifier: String) -> String {
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

struct Tokens {
    var access: String
    var refresh: String?
    var scope: String
}

struct TokenError: Error {
    var code: String
    init(_ code: String) { self.code = code }
}

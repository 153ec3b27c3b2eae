import JOSE
import OAuth
import SecretMemory
import TestSupport
import Testing

/// A valid ID token, in which a test changes one thing.
struct IDTokenFixture {
    static let issuer = "https://issuer.example"
    /// Seconds since 1970.
    static let now = 1_800_000_000

    let signer: TokenSigner
    var rules: IDTokenRules
    var keys: KeySet

    init(_ signer: TokenSigner? = nil) throws {
        let signer = try signer ?? TokenSigner()
        self.signer = signer
        rules = IDTokenRules(issuer: .exact(try Issuer(parsing: Self.issuer)), clientID: "tv")
        keys = try Self.keySet(TokenSigner.keySet(signer))
    }

    /// Sets the client's secret for later checks.
    mutating func useSecret(_ secret: String?) {
        rules = IDTokenRules(issuer: rules.issuer, clientID: "tv", clientSecret: secret.map { SecretBytes($0) })
    }

    static func keySet(_ text: String) throws -> KeySet {
        let fields = try #require(ReplyReader.read(Array(text.utf8)).fields)
        return try #require(KeySet(fields))
    }

    /// `nil` if the document is not a key set.
    static func keys(_ document: [UInt8]) -> KeySet? { ReplyReader.read(document).fields.flatMap { KeySet($0) } }

    static let claims: [String: String?] = [
        "iss": "\"\(issuer)\"", "sub": #""u-1""#, "aud": #""tv""#, "exp": "\(now + 300)", "iat": "\(now)",
        "email": #""ann@example.com""#, "name": #""Ann""#,
    ]

    static func claims(_ changes: [String: String?]) -> [String: String?] { claims.merging(changes) { $1 } }

    func token(_ changes: [String: String?] = [:], header: [String: String?] = [:]) throws -> String {
        try signer.token(Self.claims(changes), header: header)
    }

    /// Runs the whole check, as at a login.
    @discardableResult
    func verify(
        _ token: String, accessToken: String? = "at", now: Int = now
    ) throws(IDTokenRejection) -> IDTokenClaims {
        let claims = try rules.verify(
            try JSONWebToken(parsing: Array(token.utf8)), accessToken: accessToken.map { SecretBytes($0) }, keys: keys
        )
        try claims.checkTimes(now: now)
        return claims
    }

    /// Returns the rejection; an accepted token fails the test.
    func refusal(_ token: String, accessToken: String? = "at", now: Int = now) throws -> IDTokenRejection {
        try #require(throws: IDTokenRejection.self) { try verify(token, accessToken: accessToken, now: now) }
    }
}

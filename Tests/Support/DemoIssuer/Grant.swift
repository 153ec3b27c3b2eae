import Foundation

/// What a person approves, and what replies say of it.
struct Grant {
    var client: String
    var scope: String
    /// RFC 9396; a JSON array.
    var details: AuthorizationDetails?
    var nonce: String?
    /// What was requested of the person's authentication (OpenID Connect Core 1.0 §3.1.2.1).
    var acrValues: [String] = []
    var maxAge: Int?
    /// What the person did.
    var acr: String?
    var authTime: Int?

    init(client: String, scope: String) {
        self.client = client
        self.scope = scope
    }

    /// Throws the error code of a request that cannot be granted.
    init(
        client: String, _ parameters: [String: String], _ rules: DemoIssuer.AuthenticationRules, types: [String]?
    ) throws(TokenError) {
        self.init(client: client, scope: parameters["scope"] ?? "")
        if let text = parameters["authorization_details"] {
            details = try AuthorizationDetails(text, types: types ?? [])
        }
        nonce = parameters["nonce"]
        acrValues = (parameters["acr_values"] ?? "").split(separator: " ").map(String.init)
        maxAge = parameters["max_age"].flatMap(Int.init)
        if parameters["max_age"] != nil, (maxAge ?? -1) < 0 { throw TokenError("invalid_request") }
        let isMet = acrValues.isEmpty || acrValues.contains { rules.levels.contains($0) }
        if rules.refusesUnmet, !isMet { throw TokenError("unmet_authentication_requirements") }
    }

    mutating func authenticate(_ rules: DemoIssuer.AuthenticationRules, now: Date) {
        let requested = rules.ignoresRequests ? nil : acrValues.first { rules.levels.contains($0) }
        acr = requested ?? rules.levels.first
        let longest = rules.ignoresRequests ? nil : maxAge
        let age = longest.map { $0 < rules.sessionAge ? 0 : rules.sessionAge } ?? rules.sessionAge
        let hasTime = rules.hasAuthTime && (maxAge != nil || !rules.levels.isEmpty)
        authTime = hasTime ? Int(now.timeIntervalSince1970) - age : nil
    }
}

/// A login that waits for the person: a device code, or a request by CIBA.
struct PendingLogin {
    enum Prompt {
        case userCode(String)
        case push(hint: String, message: String)
    }

    enum Decision { case approved, denied }

    var grant: Grant
    /// The PKCE challenge, if the client has sent one.
    var challenge: String?
    var prompt: Prompt
    var expires: Date
    var decision: Decision?
    var lastPoll: Date?
    var interval: Int

    var userCode: String? {
        if case .userCode(let code) = prompt { code } else { nil }
    }
}

struct Tokens {
    var access: String
    var refresh: String?
    var grant: Grant
}

struct TokenError: Error {
    var code: String
    var detail: String?

    init(_ code: String, _ detail: String? = nil) {
        self.code = code
        self.detail = detail
    }
}

internal import Formats

/// More parameters of an authorization request, as an account file names them: `prompt`, `access_type`, …
public struct AuthorizationParameters: Hashable, Sendable {
    public let values: [String: String]

    public static let none = AuthorizationParameters()

    private init() { values = [:] }

    /// Providers document a handful.
    private static let mostParameters = 32
    private static let longestName = 64
    private static let longestValue = 1024

    /// Checks the parameters. None may take the place of what the login itself sends, or weaken it.
    public init(_ values: [String: String]) throws(Refusal) {
        guard values.count <= Self.mostParameters else {
            throw Refusal("", "names more than \(Self.mostParameters) parameters", hint: "leave out what is not needed")
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { try Self.check(name, value) }
        // What the request sends anyway.
        self.values = values.filter { name, _ in !Self.allowedOnce.contains(name) }
    }

    private static func check(_ name: String, _ value: String) throws(Refusal) {
        guard (1...longestName).contains(name.utf8.count),
            name.utf8.allSatisfy({ $0.isLetterOrDigit || "-._".utf8.contains($0) })
        else {
            let shown = DisplayText.clean(name, limit: longestName)
            throw Refusal(shown, "is not a parameter's name", hint: "use letters, digits, '-', '.' and '_'")
        }
        guard value.utf8.count <= longestValue, DisplayText.clean(value, limit: .max) == value else {
            throw Refusal(
                name, "is longer than \(longestValue) bytes or contains characters that cannot be shown",
                hint: "give it as the provider documents it")
        }
        if let flow = Self.flow(name, value) { throw Refusal(name, "is refused: \(flow.reason)", hint: flow.instead) }
        if let key = keys[name] { throw Refusal(name, "has a key of its own", hint: "use the key '\(key)'") }
        if let option = demands[name] {
            throw Refusal(
                name, "is what one login demands, and checks in its ID token", hint: "give \(option) at the login")
        }
        switch name {
        case "response_type" where value != "code":
            throw Refusal(name, "must be 'code'", hint: "leave it out: the agent sends it")
        case "code_challenge_method" where value != "S256":
            throw Refusal(name, "must be 'S256'", hint: "leave it out: the agent sends it")
        case "response_mode" where value != "query":
            // A fragment does not reach a listener, a form is a POST from any page, and a JWT needs a key.
            throw Refusal(name, "must be 'query'", hint: "leave it out: the provider then uses the query")
        case _ where reserved.contains(name):
            throw Refusal(name, "is set by the login itself", hint: "leave it out")
        default: break
        }
    }

    private static func flow(_ name: String, _ value: String) -> RefusedFlow? {
        switch name {
        case "response_type": RefusedFlow(responseType: value)
        case "code_challenge_method": RefusedFlow(challengeMethod: value)
        case "redirect_uri": RefusedFlow(redirectURI: value)
        case "grant_type": RefusedFlow(grant: value)
        default: nil
        }
    }

    /// The account file's keys of parameters that have one.
    private static let keys = [
        "audience": "audience", "authorization_details": "authorization_details", "client_id": "client_id",
        "login_hint": "login_hint", "redirect_uri": "redirect_uri", "resource": "resources", "scope": "scopes",
    ]

    /// Some providers ignore them: as a fixed parameter they would promise what is not checked.
    private static let demands = ["acr_values": "--acr", "claims": "--claims", "max_age": "--max-age"]

    /// Parameters with a single allowed value, which the request has in any case.
    private static let allowedOnce: Set<String> = ["response_type", "code_challenge_method"]

    private static let reserved: Set<String> = [
        "client_assertion", "client_assertion_type", "client_secret", "code", "code_challenge", "code_verifier",
        "dpop_jkt", "error", "grant_type", "id_token_hint", "iss", "nonce", "password", "registration", "request",
        "request_uri", "response", "scopes", "state", "username",
    ]
}

extension AuthorizationParameters {
    /// The reason why a parameter is refused.
    public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        /// Empty if the refusal is about all of them.
        public let name: String
        /// A sentence without its subject, the parameter.
        public let problem: String
        /// What to do, for the user.
        public let hint: String

        init(_ name: String, _ problem: String, hint: String) {
            self.name = name
            self.problem = problem
            self.hint = hint
        }

        public var description: String { name.isEmpty ? problem : "'\(name)' \(problem)" }
    }
}

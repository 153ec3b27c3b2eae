internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth

/// What one login must satisfy beyond the account's settings (OpenID Connect Core 1.0 §3.1.2.1, RFC 9470 §4).
struct LoginDemands: Equatable, Sendable {
    /// In order of preference; empty if any context will do.
    var acrValues: [String] = []
    /// In seconds.
    var maxAge: Int?
    /// The parameter `claims`, as JSON text.
    var claims: String?
    /// Whether the login is kept in memory beside the account's login.
    var isElevated = false

    /// Whether the ID token must show that the user has authenticated as demanded.
    var areVerified: Bool { !acrValues.isEmpty || maxAge != nil }

    /// A year; more is a mistake in units.
    static let ages = 0...31_536_000
    /// In bytes, however its characters are escaped. It is a parameter of an address, where the grant has one.
    static let longestClaims = 8 * 1024
}

extension LoginDemands {
    init(_ request: LoginRequest) throws(Problem) {
        self.init(
            acrValues: request.acrValues ?? [], maxAge: request.maxAge, claims: request.claims,
            isElevated: request.elevate ?? false)
        if let names = request.acrValues, let problem = AuthenticationContexts.problem(in: names) {
            throw Problem(
                .badRequest, "acr_values \(problem)",
                hint: "give the names as the provider lists them in acr_values_supported, separated by spaces")
        }
        if let maxAge, !Self.ages.contains(maxAge) {
            throw Problem(
                .badRequest, "max_age is not from 0 to \(Self.ages.upperBound) s", hint: "give whole seconds")
        }
        if let given = claims { claims = try Self.checked(given) }
        if isElevated, request.settings?.clientSecret != nil || request.registrationToken != nil {
            throw Problem(
                .badRequest, "an elevated login is of the client that the account's login has",
                hint: "leave out the client's secret and the registration token")
        }
        if isElevated, acrValues.isEmpty {
            throw Problem(
                .badRequest, "an elevated login needs acr_values: its token is requested by them",
                hint: "add --acr VALUES, or leave out --elevate for a new login of the account")
        }
    }

    /// Returns the claims in their one form.
    private static func checked(_ claims: String) throws(Problem) -> String {
        func refusal(_ problem: String) -> Problem {
            Problem(
                .badRequest, "claims \(problem)",
                hint: "give the JSON object that the service's challenge has in base64")
        }
        let value: JSONValue
        do throws(JSONRejection) { value = try JSONReader.read(Array(claims.utf8)) } catch {
            throw refusal("is not JSON")
        }
        guard case .object = value else { throw refusal("is not a JSON object") }
        let text = CanonicalJSON.text(of: value)
        guard text.utf8.count <= longestClaims else { throw refusal("is longer than \(longestClaims) bytes") }
        return text
    }

    /// Returns the settings for a login with these demands. `known` are those of the account.
    func settings(
        _ settings: AccountSettings, _ account: AccountName, beside known: AccountSettings?
    ) throws(Problem) -> AccountSettings {
        let requested = areVerified ? try withIDToken(settings, account) : settings
        guard isElevated else { return requested }
        guard let known else { throw .unknown(account) }
        guard requested.continues(known) else {
            throw Problem(
                .badRequest,
                "an elevated login of '\(account)' cannot have another issuer, client, store or expected subject",
                hint: "leave these options out, or leave out --elevate for a new login of the account")
        }
        // It is not renewed, so its refresh token would only stay behind at the provider.
        return try Self.settings(requested, with: requested.scopes.filter { $0 != "offline_access" })
    }

    /// Returns the settings for a login that brings an ID token, which says how and when the user authenticated.
    private func withIDToken(
        _ settings: AccountSettings, _ account: AccountName
    ) throws(Problem) -> AccountSettings {
        guard settings.publishesKeys else {
            throw Problem(
                .badRequest,
                "how and when the user authenticates is in the ID token, and the provider of '\(account)' publishes no keys"
                    + " to verify it",
                hint: "leave out --acr and --max-age")
        }
        guard !settings.scopes.contains("openid") else { return settings }
        return try Self.settings(settings, with: ["openid"] + settings.scopes)
    }

    private static func settings(
        _ settings: AccountSettings, with scopes: [String]
    ) throws(Problem) -> AccountSettings {
        var keys = settings.keys
        keys.scopes = scopes
        do throws(AccountSettings.Invalid) { return try AccountSettings(keys) } catch {
            throw Problem(.badRequest, error.problem, hint: error.hint)
        }
    }
}

extension AccountSettings {
    /// Whether ID tokens of the account's provider can be verified.
    var publishesKeys: Bool { issuer != nil && hasMetadata }
}

internal import AgentAPI
internal import ArgumentParser

/// The options that say which token of an account is meant.
struct TokenOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A token that is valid for at least this long, from 0 to 86400; renews it if need be.",
            valueName: "seconds"))
    var minValid: Int = Limits.defaultMinimumValidity

    @Option(help: ArgumentHelp("Only with this scope of the login; may be repeated.", valueName: "scope"))
    var scope: [String] = []

    @Option(help: ArgumentHelp("For this resource (RFC 8707); may be repeated.", valueName: "uri"))
    var resource: [String] = []

    @Option(help: ArgumentHelp("For this audience.", valueName: "name"))
    var audience: String?

    func validate() throws {
        guard (0...Limits.largestMinimumValidity).contains(minValid) else {
            throw ValidationError("--min-valid must be from 0 to \(Limits.largestMinimumValidity) seconds")
        }
        _ = try target()
    }

    /// `details`: authorization details as JSON (RFC 9396).
    func target(details: String? = nil) throws -> TokenTarget? {
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(
                scopes: scope, resources: resource, audience: audience, authorizationDetails: details)
        } catch {
            let option = error.parameter.rawValue.replacing("_", with: "-")
            throw ValidationError("--\(option) \(error.problem)")
        }
    }
}

internal import AgentAPI
internal import Formats
internal import JOSE
internal import Vault

/// The authentication that a challenge demands (RFC 9470 §3), as far as it can be requested.
struct StepUpDemands: Sendable {
    /// In order of preference; empty if any will do.
    var contexts: [String]
    /// In seconds.
    var maxAge: Int?
    var scopes: [String]

    init(_ contexts: [String], maxAge: Int?, scopes: [String]) {
        self.contexts = Array(contexts.prefix(AuthenticationContexts.most))
        self.maxAge = maxAge.map { min($0, LoginDemands.ages.upperBound) }
        self.scopes = scopes
    }

    /// Whether a login with this authentication satisfies the challenge. Without tolerance: the service decides by the
    /// same time, and would refuse the token again.
    func areMet(by authentication: Identity.Authentication, at wall: Int) -> Bool {
        guard !contexts.isEmpty || maxAge != nil else { return false }
        do throws(IDTokenRejection) {
            try AuthenticationDemands(acrValues: contexts, maxAge: maxAge)
                .check(acr: authentication.context, authenticatedAt: authentication.time, now: wall, leeway: 0)
            return true
        } catch { return false }
    }

    /// The demanded authentication in words.
    var text: String {
        let names = DisplayText.clean(contexts.joined(separator: "' or '"), limit: 200)
        let parts = [
            contexts.isEmpty ? nil : "with the context '\(names)'", maxAge.map { "of the last \($0) s" },
        ].compactMap(\.self)
        return parts.isEmpty ? "another authentication" : "an authentication \(parts.joined(separator: " and "))"
    }
}

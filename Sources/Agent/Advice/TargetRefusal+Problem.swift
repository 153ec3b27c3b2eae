package import AgentAPI
internal import Formats
internal import OAuth
package import Vault

extension Problem {
    /// The problem of a token with a target that the provider refuses although the login is valid.
    package init(_ refusal: TargetRefusal, account: AccountName) {
        let missing = refusal.missing.joined(separator: " ")
        let what = missing.isEmpty ? "the request" : "the scope '\(DisplayText.clean(missing, limit: 200))'"
        let said = refusal.detail.map { ": \($0)" } ?? ""
        let login = Self.words(refusal.loginScope, "; the login has ", none: "")
        let detail =
            switch refusal.reason {
            case .invalidScope: "the provider of '\(account)' does not grant \(what)\(said)\(login)"
            case .invalidTarget: "the provider of '\(account)' issues no token for that resource or audience\(said)"
            case .invalidDetails: "the provider of '\(account)' does not take \(Self.words(refusal.types))\(said)"
            case .detailsNotGranted:
                "the provider of '\(account)' does not grant \(Self.words(refusal.types)): its reply does not name them"
            case .narrower:
                "the provider of '\(account)' does not grant \(what); it granted "
                    + Self.words(refusal.granted, "", none: "nothing") + login
            case .refused:
                "the provider of '\(account)' refuses \(what)\(said); it still renews the login's own token"
            case .tooManyRefused:
                "the provider of '\(account)' has just refused several other scopes, resources or audiences, so no"
                    + " new ones are tried for a minute"
            case .noRefreshToken:
                "the login of '\(account)' has no refresh token, so only its own token is available\(login)"
            }
        self.init(
            .scopeNotGranted, detail, hint: Self.hint(refusal, account: account), reason: refusal.reason.rawValue
        )
    }

    private static func hint(_ refusal: TargetRefusal, account: AccountName) -> String {
        let wider = ScopeReply(refusal.loginScope, to: refusal.missing).notGranted
        switch refusal.reason {
        case .noRefreshToken: return "run 'authagent token \(account)' without --scope, --resource and --audience"
        case .tooManyRefused: return "check what programs request, then try again in a minute"
        case .invalidTarget: return "check --resource and --audience; they may have to be registered at the provider"
        case .invalidDetails, .detailsNotGranted:
            return "request details that the login has: it names them with 'authorization_details' in the account file;"
                + " the login itself is not affected"
        case .invalidScope, .narrower, .refused:
            guard !wider.isEmpty else { return "request other scopes; the login itself is not affected" }
            // The command is pasted into a shell: only scopes without special characters are named.
            let options = wider.count <= 4 && wider.allSatisfy(isPlain) ? wider : ["SCOPE"]
            let words = options.map { "--scope \($0)" }.joined(separator: " ")
            return "run 'authagent login \(account) \(words)', with the other scopes that are needed"
        }
    }

    private static func words(_ types: [String]) -> String {
        types.isEmpty
            ? "the authorization details"
            : "authorization details of the type '\(DisplayText.clean(types.joined(separator: "', '"), limit: 200))'"
    }

    private static func isPlain(_ scope: String) -> Bool {
        scope.utf8.count <= 80
            && scope.utf8.allSatisfy { byte in byte.isLetterOrDigit || "-._:/".utf8.contains(byte) }
    }

    private static func words(_ scope: [String], _ before: String, none: String) -> String {
        scope.isEmpty ? none : "\(before)'\(DisplayText.clean(scope.joined(separator: " "), limit: 200))'"
    }
}

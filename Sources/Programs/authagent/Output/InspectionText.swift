internal import AgentAPI

/// The results of `inspect` as text; the first line for each token names the method.
struct InspectionText {
    private let reply: InspectReply
    private let now: Int

    /// `now` in seconds since 1970.
    init(_ reply: InspectReply, now: Int) {
        self.reply = reply
        self.now = now
    }

    var text: String {
        reply.tokens.map { lines($0).map(Console.clean).joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private func lines(_ token: TokenInspection) -> [String] {
        var lines = ["\(name(token)): \(form(token)); \(method(token))"]
        lines += members("header", token.header)
        lines += members("claims", token.claims)
        lines += (DelegationText(token.claims)?.lines ?? []).map { "  \($0)" }
        if let expiresAt = token.expiresAt, token.claims == nil { lines.append("  \(moment("exp", expiresAt) ?? "")") }
        if let scope = token.scope, !scope.isEmpty, token.claims == nil { lines.append("  scope: \(scope)") }
        if let signature = token.signature { lines.append("  signature: \(words(signature))") }
        if let introspection = token.introspection {
            let state = introspection.state == .notAsked ? "not asked" : introspection.state.rawValue
            lines.append("  introspection: \(state)" + parenthesis(introspection.detail))
            lines += members("the provider says", introspection.members)
        }
        return lines
    }

    private func name(_ token: TokenInspection) -> String {
        let account = reply.account.map { " of '\($0)'" } ?? ""
        return switch token.role {
        case .accessToken: "access token\(account)"
        case .idToken: "ID token\(account)"
        case .given: "the token"
        }
    }

    private func form(_ token: TokenInspection) -> String {
        switch token.form {
        case .jwt: "a JWT"
        case .encrypted: "an encrypted JWT, which only its recipient can read"
        case .opaque: "an opaque token"
        }
    }

    /// The method of the inspection.
    private func method(_ token: TokenInspection) -> String {
        var steps: [String] = []
        switch token.signature?.state {
        case .valid?, .invalid?:
            steps.append(token.signature?.issuer.map { "checked with the keys of \($0)" } ?? "decoded")
        case .unchecked?, .unreachable?: steps.append("only decoded")
        case nil: break
        }
        switch token.introspection?.state {
        case .active?, .inactive?: steps.append("introspected at the provider (RFC 7662)")
        case .unavailable?, .unreachable?: steps.append("the provider did not reply")
        case .notAsked?, nil: break
        }
        return steps.isEmpty ? "not checked" : steps.joined(separator: ", ")
    }

    private func words(_ signature: SignatureReport) -> String {
        switch signature.state {
        case .valid:
            let key = signature.keyID.map { ", kid \($0)" } ?? ""
            return "valid (\(signature.algorithm ?? "")\(key))"
        case .invalid: return "invalid" + parenthesis(signature.detail)
        case .unchecked, .unreachable: return "not checked" + parenthesis(signature.detail)
        }
    }

    private func parenthesis(_ text: String?) -> String { text.map { " (\($0))" } ?? "" }

    private func members(_ title: String, _ content: JSONContent?) -> [String] {
        guard case .object(let members)? = content else { return [] }
        return ["  \(title):"]
            + members.sorted { $0.key < $1.key }.map { name, value in
                if case .integer(let seconds) = value, let words = moment(name, seconds) {
                    return "    \(name): \(seconds), \(words)"
                }
                if case .string(let text) = value { return "    \(name): \(text)" }
                return "    \(name): \((try? APIJSON.text(value)) ?? "cannot be shown")"
            }
    }

    /// A time claim of RFC 7519 §4.1 or OpenID Connect Core 1.0 §2 as text; `nil` for any other claim.
    private func moment(_ name: String, _ seconds: Int) -> String? {
        // Valid times only; sums of these cannot overflow.
        guard (0...253_402_300_799).contains(seconds) else { return nil }
        let isPast = seconds <= now
        let span = TimeSpan.words(abs(seconds - now))
        let words = isPast ? "\(span) ago" : "in \(span)"
        return switch name {
        case "exp": isPast ? "expired \(words)" : "expires \(words)"
        case "iat": "issued \(words)"
        case "nbf": isPast ? "valid since \(span) ago" : "valid \(words)"
        case "auth_time": "authenticated \(words)"
        case "updated_at": "changed \(words)"
        default: nil
        }
    }
}

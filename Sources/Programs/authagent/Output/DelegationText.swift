internal import AgentAPI

/// Who acts for whom by a token's claims (RFC 8693 §4.1 and §4.4), as text.
struct DelegationText {
    private let claims: [String: JSONContent]

    /// `nil` if the claims are not readable.
    init?(_ content: JSONContent?) {
        guard case .object(let claims)? = content else { return nil }
        self.claims = claims
    }

    var lines: [String] {
        var lines: [String] = []
        let actors = chain
        if let actor = actors.first {
            // RFC 8693 §4.1: the outermost actor is the current one; the others are history.
            let earlier = actors.dropFirst().map { "after '\($0)'" }.joined(separator: ", ")
            lines.append(
                "delegation: '\(actor)' acts for '\(name(claims) ?? "the subject")'"
                    + (earlier.isEmpty ? "" : ", \(earlier)"))
        }
        if case .object(let party)? = claims["may_act"], let name = name(party) {
            lines.append("may act for it: '\(name)'")
        }
        return lines
    }

    /// The actors, the current one first.
    private var chain: [String] {
        var (actors, next): ([String], JSONContent?) = ([], claims["act"])
        while case .object(let actor)? = next {
            actors.append(name(actor) ?? "an actor without a name")
            next = actor["act"]
        }
        return actors
    }

    private func name(_ members: [String: JSONContent]) -> String? {
        for member in ["sub", "client_id", "azp"] {
            if case .string(let text)? = members[member] { return text }
        }
        return nil
    }
}

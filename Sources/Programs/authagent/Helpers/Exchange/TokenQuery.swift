internal import AgentAPI
internal import AuthagentClient

/// A helper's request for a token: by the account's name, or by a URL for which the agent finds the account.
struct TokenQuery {
    enum Subject {
        /// Valid as an `AccountName`.
        case account(Bytes)
        /// A URL as the agent reads it; the user name selects one of several accounts with that URL.
        case url(Bytes, username: Bytes? = nil)
    }

    var subject: Subject
    /// In seconds; what the consumer needs, because it asks again at once if a token counts as stale there.
    var minimumValidity = Limits.defaultMinimumValidity
    var includesIDToken = false
    var audience: Bytes?
    /// In seconds; `nil` for the agent's own limit.
    var wait: Int?

    init(_ subject: Subject) { self.subject = subject }

    init(account name: Bytes) throws(Failure) {
        guard AccountName.isName(name) else {
            throw Failure(
                "'\(name.text)' is not an account name: \(AccountName.rule)",
                hint: "run 'authagent status' for the names",
                code: .usage)
        }
        self.init(.account(name))
    }

    /// The request. With the agent's defaults for an account it is the same as that of `authagent token NAME`.
    var request: RawBytes {
        var path = RawBytes(capacity: 512)
        var separator: StaticString = "?"
        func add(_ name: StaticString, _ path: inout RawBytes) {
            path.append(literal: separator)
            path.append(literal: name)
            separator = "&"
        }
        switch subject {
        case .account(let name):
            path.append(literal: "/v1/accounts/")
            path.append(name)
            path.append(literal: "/token")
        case .url(let url, let username):
            path.append(literal: "/v1/token")
            add("url=", &path)
            path.append(encoded: url)
            if let username {
                add("username=", &path)
                path.append(encoded: username)
            }
        }
        if minimumValidity != Limits.defaultMinimumValidity {
            add("min_valid=", &path)
            path.append(number: minimumValidity)
        }
        if includesIDToken { add("id_token=true", &path) }
        if let audience {
            add("audience=", &path)
            path.append(encoded: audience)
        }
        if let wait {
            add("wait=", &path)
            path.append(number: wait)
        }
        return path.withBytes(PlainRequest.get)
    }
}

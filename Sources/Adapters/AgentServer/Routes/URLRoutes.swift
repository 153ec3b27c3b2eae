internal import AgentAPI
internal import Formats
internal import OAuth
internal import Policy

/// The parameters that select an account by a URL.
struct URLQuery: Sendable {
    let url: ServiceURL
    let username: String?

    static let parameters = ["url", "username"]

    init(_ parameters: QueryParameters) throws(Problem) {
        guard let text = parameters.text("url") else {
            throw Problem(.badRequest, "the query parameter 'url' is missing", hint: "add: url=URL")
        }
        do throws(URLRejection) { url = try ServiceURL(ofRequest: text) } catch {
            throw Problem(
                .badRequest, "the url is not usable: \(error)",
                hint: "give an https URL, or http on this machine's loopback address; a user name goes into 'username'")
        }
        username = parameters.text("username")
    }
}

/// A parsed request for the token of the account that has a URL.
struct URLTokenAsk: Sendable {
    let query: URLQuery
    let request: TokenRequest
    let isText: Bool

    var permissions: [Permission] { TokenAsk.permissions(request, isText: isText) }

    /// The request for the token of the account that the URL has selected.
    func ask(of mapped: MappedAccount) -> TokenAsk {
        TokenAsk(account: mapped.account, request: request, isText: isText, mapped: mapped)
    }
}

/// Accounts that are found by a URL.
extension Router {
    func urlTokenAsk(_ request: APIRequest) throws(Problem) -> URLTokenAsk {
        let parameters = try QueryParameters(
            request.query, allowed: (Self.tokenParameters + URLQuery.parameters).sorted(), repeatable: ["resource"])
        let (asked, isText) = try tokenRequest(parameters, request)
        return URLTokenAsk(query: try URLQuery(parameters), request: asked, isText: isText)
    }

    /// Answers without waiting, if possible.
    func answerAtOnce(_ ask: URLTokenAsk, _ identity: any CallerIdentity) throws(Problem) -> AtOnce {
        guard let caller = try gate.callerOnAnyAccountAtOnce(identity) else { return .later(.urlToken(ask)) }
        let (mapped, _) = try select(ask.query, ask.permissions, caller)
        return answerAtOnce(ask.ask(of: mapped), identity)
    }

    func token(
        _ ask: URLTokenAsk, _ identity: any CallerIdentity, _ patience: Patience
    ) async throws(Problem) -> Reply {
        let caller = try await gate.callerOnAnyAccount(identity)
        let (mapped, _) = try select(ask.query, ask.permissions, caller)
        return try await token(DeferredToken(ask: ask.ask(of: mapped), admission: nil), identity, patience)
    }

    /// Says which account has a URL, to a caller that may request its token.
    func accountOfURL(_ request: APIRequest, _ identity: any CallerIdentity) async throws(Problem) -> Reply {
        let query = try URLQuery(try QueryParameters(request.query, allowed: URLQuery.parameters))
        try requireAcceptable(request, "application/json")
        let caller = try await gate.callerOnAnyAccount(identity)
        let (mapped, prefix) = try select(query, [.token], caller)
        let admission = try await gate.admit(AccessRequest([.token], on: mapped.account), identity)
        return try await gate.conclude(admission, identity) { () throws(Problem) in
            let reply = URLReply(
                account: mapped.account, url: prefix, file: mapped.file, gitUsername: mapped.gitUsername,
                registryUsername: mapped.registryUsername, reason: Self.reason(query, mapped, prefix))
            return .json(admission.isTrusted ? reply : reply.redacted)
        }
    }

    /// Returns the account that has the URL and that the rules give to the caller, with the prefix that decided.
    private func select(
        _ query: URLQuery, _ permissions: [Permission], _ caller: Caller
    ) throws(Problem) -> (MappedAccount, prefix: String) {
        let match = service.match(query.url)
        func isVisible(_ account: AccountName) -> Bool { gate.gives(caller, account, for: permissions) }
        switch match?.choice(username: query.username, where: isVisible) {
        case .account(let mapped)?: return (mapped, match?.prefix ?? "")
        case .ambiguous(let accounts)?:
            gate.recordUnmapped(.ambiguousAccount, caller, permissions)
            throw .ambiguous(query.url, accounts)
        case .hidden(let hidden)?:
            gate.recordHidden(hidden.account, from: caller, permissions)
            throw .unmapped(query.url, isOwn: gate.isOwn(caller))
        case .unmapped?, nil:
            gate.recordUnmapped(.noAccountForURL, caller, permissions)
            if let match, gate.isOwn(caller), match.accounts.allSatisfy({ isVisible($0.account) }) {
                throw .unmapped(query, match)
            }
            throw .unmapped(query.url, isOwn: gate.isOwn(caller))
        }
    }

    private static func reason(_ query: URLQuery, _ mapped: MappedAccount, _ prefix: String) -> String {
        let longest =
            prefix == query.url.text
            ? "the URL is in the account's file"
            : "\(prefix) is the longest prefix of the URL in the accounts' files"
        switch (query.username, mapped.gitUsername) {
        case (nil, _): return longest
        case (_?, nil): return "\(longest); the account has no git_username, so the user name does not matter"
        case (_?, _?): return "\(longest); its git_username is the requested user name"
        }
    }
}

extension Problem {
    /// The same for a URL without an account and for one whose account no rule gives to the caller.
    fileprivate static func unmapped(_ url: ServiceURL, isOwn: Bool) -> Problem {
        let shown = DisplayText.clean(url.text, limit: 200)
        return Problem(
            .noAccountForURL, "no account for '\(shown)'",
            hint: isOwn
                ? "add it to 'urls' of an account's file and run 'authagent reload'; if a file has it, 'authagent policy"
                    + " check' shows what the rules allow"
                : "ask the owner of the agent to add it to an account, or to a rule for you"
        )
    }

    /// Why accounts that the owner may use are not found.
    fileprivate static func unmapped(_ query: URLQuery, _ match: URLMatch) -> Problem {
        if let conflict = match.conflict { return Problem(.noAccountForURL, conflict.detail, hint: conflict.hint) }
        let names = match.accounts.compactMap { account in
            account.gitUsername.map { "'\($0)' is '\(account.account)'" }
        }
        return Problem(
            .noAccountForURL, "no account for that user name at \(match.prefix)",
            hint: "request another one: \(names.joined(separator: ", "))"
        )
    }

    fileprivate static func ambiguous(_ url: ServiceURL, _ accounts: [MappedAccount]) -> Problem {
        let shown = DisplayText.clean(url.text, limit: 200)
        let names = accounts.map { account in
            "'\(account.account)'" + (account.gitUsername.map { " (user name '\($0)')" } ?? "")
        }
        return Problem(
            .ambiguousAccount, "several accounts for '\(shown)': \(names.joined(separator: ", "))",
            hint: "name one by its user name: 'authagent url' takes --username NAME, programs send 'username'"
        )
    }
}

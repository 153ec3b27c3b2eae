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
                hint: error == .userInfo ? "\(error.hint); it goes into 'username'" : error.hint)
        }
        username = parameters.text("username")
    }
}

/// The account that a URL has selected, for a caller whom the rules give it.
struct URLSelection: Sendable {
    let mapped: MappedAccount
    /// The prefix that decided.
    let prefix: String
    let caller: Caller
    /// The reply if the rules do not give it any more.
    let unmapped: Problem
}

/// A parsed request for the token of the account that has a URL.
struct URLTokenAsk: Sendable {
    let query: URLQuery
    var request: TokenRequest
    let isText: Bool

    var permissions: [Permission] { TokenAsk.permissions(request, isText: isText) }

    /// The request for the token of the account that the URL has selected.
    func ask(of selection: URLSelection) -> TokenAsk {
        TokenAsk(account: selection.mapped.account, request: request, isText: isText, selection: selection)
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
        guard ask.request.newerThan == nil, let caller = try gate.callerOnAnyAccountAtOnce(identity) else {
            return .later(.urlToken(ask))
        }
        return answerAtOnce(ask.ask(of: try select(ask.query, ask.permissions, caller)), identity)
    }

    func token(
        _ ask: URLTokenAsk, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline
    ) async throws(Problem) -> Reply {
        let selection = try await select(ask, identity)
        let reply = try await token(DeferredToken(ask: ask.ask(of: selection), admission: nil), identity, replyDeadline)
        guard ask.request.newerThan != nil else { return reply }
        // A reload may have given the URL to another account during the wait. Its token is another one in any case.
        let later = try await select(ask, identity)
        guard later.mapped.account != selection.mapped.account else { return reply }
        var ask = ask
        ask.request.newerThan = nil
        return try await token(DeferredToken(ask: ask.ask(of: later), admission: nil), identity, replyDeadline)
    }

    private func select(
        _ ask: URLTokenAsk, _ identity: any CallerIdentity
    ) async throws(Problem) -> URLSelection {
        try select(ask.query, ask.permissions, try await gate.callerOnAnyAccount(identity))
    }

    /// Returns the problem of a request that a URL selected an account for: if the rules do not give that account any
    /// more, the one of a URL without an account.
    func hidden(_ problem: Problem, of ask: TokenAsk) -> Problem {
        guard let selection = ask.selection, problem.code == .forbidden, problem.reason == nil,
            !gate.gives(selection.caller, ask.account, for: ask.access.permissions)
        else { return problem }
        return selection.unmapped
    }

    /// Returns which account has a URL, to a caller that may request its token.
    func accountOfURL(_ request: APIRequest, _ identity: any CallerIdentity) async throws(Problem) -> Reply {
        let query = try URLQuery(try QueryParameters(request.query, allowed: URLQuery.parameters))
        try requireAcceptable(request, "application/json")
        let caller = try await gate.callerOnAnyAccount(identity)
        let selection = try select(query, [.token], caller)
        let (mapped, prefix) = (selection.mapped, selection.prefix)
        let admission: Admission
        do throws(Problem) {
            admission = try await gate.admit(AccessRequest([.token], on: mapped.account), identity)
        } catch { throw hidden(error, of: TokenAsk(selection)) }
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
    ) throws(Problem) -> URLSelection {
        let unmapped = Problem.unmapped(query.url, isOwn: gate.isOwn(caller))
        let match = service.match(query.url)
        func isVisible(_ account: AccountName) -> Bool { gate.gives(caller, account, for: permissions) }
        switch match?.choice(username: query.username, where: isVisible) {
        case .account(let mapped)?:
            return URLSelection(mapped: mapped, prefix: match?.prefix ?? "", caller: caller, unmapped: unmapped)
        case .ambiguous(let accounts)?:
            gate.recordUnmapped(.ambiguousAccount, caller, permissions)
            throw .ambiguous(query.url, accounts)
        case .hidden(let hidden)?:
            gate.recordHidden(hidden.account, from: caller, permissions)
            throw unmapped
        case .unmapped?, nil:
            gate.recordUnmapped(.noAccountForURL, caller, permissions)
            if let match, gate.isOwn(caller), match.accounts.allSatisfy({ isVisible($0.account) }) {
                throw .unmapped(query, match)
            }
            throw unmapped
        }
    }

    private static func reason(_ query: URLQuery, _ mapped: MappedAccount, _ prefix: String) -> String {
        let longest =
            prefix == query.url.text
            ? "the URL is in the account's file"
            : "\(prefix) is the longest prefix of the URL in the accounts' files"
        guard let username = query.username else { return longest }
        let isNamed = [mapped.gitUsername, mapped.registryUsername].contains(username)
        return "\(longest); "
            + (isNamed ? "it has the requested user name" : "no other one has it, whatever the user name")
    }
}

extension TokenAsk {
    fileprivate convenience init(_ selection: URLSelection) {
        self.init(account: selection.mapped.account, request: TokenRequest(), isText: false, selection: selection)
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
                    + " check --as-pid PID ACCOUNT' shows what the rules allow a process"
                : "ask the owner of the agent to add it to an account, or to a rule for you"
        )
    }

    /// Why accounts that the owner may use are not found.
    fileprivate static func unmapped(_ query: URLQuery, _ match: URLMatch) -> Problem {
        if let conflict = match.conflict {
            return Problem(.noAccountForURL, conflict.detail, hint: conflict.hint, reason: conflict.reason)
        }
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

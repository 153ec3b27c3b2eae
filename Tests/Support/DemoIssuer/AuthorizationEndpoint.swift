import Foundation
import Synchronization

/// The authorization endpoint (RFC 6749 §3.1), its page, and pushed requests (RFC 9126).
extension DemoIssuer {
    static let authorizationPath = "/authorize"
    static let pushedPath = "/par"

    /// The parameters of each request that was accepted, by the person's browser or pushed before.
    public var authorizationRequests: [[String: String]] { state.withLock { $0.authorizationRequests } }

    /// Opens the address as the person's browser does, and approves.
    ///
    /// Returns where the browser is sent, which is not fetched; `nil` if the issuer shows an error instead.
    @discardableResult
    public func authorize(_ uri: String) async -> String? { await browse(uri, decision: "approve") }

    @discardableResult
    public func refuse(_ uri: String) async -> String? { await browse(uri, decision: "deny") }

    private func browse(_ uri: String, decision: String) async -> String? {
        let target = uri.dropFirst(uri.hasPrefix(issuer) ? issuer.count : 0)
        let first = await respond(
            to: IssuerRequest(method: "GET", uri: String(target), headers: { _ in nil }, body: ""))
        guard let ticket = first.body.firstMatch(of: /name="ticket" value="([^"]+)"/)?.1 else {
            return first.headers["Location"]
        }
        let answer = IssuerRequest(
            method: "POST", uri: Self.authorizationPath, headers: { _ in nil },
            body: "ticket=\(ticket)&decision=\(decision)")
        return await respond(to: answer).headers["Location"]
    }

    func authorization(_ request: IssuerRequest) -> IssuerReply {
        guard state.withLock({ $0.code }) != nil else { return .text("there is nothing here\n", status: 404) }
        switch request.method {
        case "GET": return ask(request.query)
        case "POST": return decide(request.form)
        default: return .error("invalid_request", status: 405)
        }
    }

    private func ask(_ query: [String: String]) -> IssuerReply {
        do throws(AuthorizationRequest.Refusal) {
            let now = Date()
            let (accepted, rules) = try state.withLock { state throws(AuthorizationRequest.Refusal) in
                let parameters = try state.resolve(query, now: now)
                let accepted = try AuthorizationRequest(parameters, state)
                state.authorizationRequests.append(parameters)
                return (accepted, state.code ?? CodeRules())
            }
            if let error = rules.error {
                return respond(
                    ["error": error, "error_description": rules.errorDescription], accepted.redirectURI, accepted.state)
            }
            if configuration.approvesAlone { return approve(accepted) }
            return page(for: accepted)
        } catch {
            switch error {
            case .shown(let code): return .html("<h1>This login cannot go on</h1><p>\(code)</p>", status: 400)
            case .sent(let code, let redirectURI, let state): return respond(["error": code], redirectURI, state)
            }
        }
    }

    private func page(for request: AuthorizationRequest) -> IssuerReply {
        let ticket = IssuerState.random(32)
        state.withLock { $0.authorizations[ticket] = request }
        return .html(
            """
            <h1>Log in</h1>
            <p>\(Self.escaped(request.grant.client)) requests: \(Self.escaped(request.grant.scope)).
            Go on only if you started this login yourself.</p>
            <form method="post" action="\(Self.authorizationPath)">
            <input type="hidden" name="ticket" value="\(ticket)">
            <button name="decision" value="approve">Approve</button>
            <button name="decision" value="deny">Deny</button>
            </form>
            """)
    }

    private func decide(_ form: [String: String]) -> IssuerReply {
        guard let request = state.withLock({ $0.authorizations.removeValue(forKey: form["ticket"] ?? "") }) else {
            return .html("<h1>This login is not known</h1>", status: 400)
        }
        guard form["decision"] == "approve" else {
            return respond(["error": "access_denied"], request.redirectURI, request.state)
        }
        return approve(request)
    }

    private func approve(_ request: AuthorizationRequest) -> IssuerReply {
        respond(["code": state.withLock { $0.issueCode(request, now: Date()) }], request.redirectURI, request.state)
    }

    /// RFC 6749 §4.1.2, RFC 9207 §2: errors have `iss`, too.
    private func respond(_ members: [String: String?], _ redirectURI: String, _ requestState: String?) -> IssuerReply {
        let value = state.withLock { $0.code?.issuerInResponse ?? .right }
        var response = members.compactMapValues { $0 }
        response["state"] = requestState
        response["iss"] = value.value(issuer)
        let query = response.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.percentEncoded($0.value))" }
        let separator = redirectURI.contains("?") ? "&" : "?"
        return IssuerReply(
            status: 302, contentType: "", body: "",
            headers: ["Location": redirectURI + separator + query.joined(separator: "&"), "Cache-Control": "no-store"])
    }

    private static func percentEncoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? ""
    }

    func push(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        guard let rules = state.withLock({ $0.code }), rules.pushed != .none else {
            return .text("there is nothing here\n", status: 404)
        }
        var parameters = request.form
        guard parameters["request_uri"] == nil, parameters["client_id"] ?? client == client else {
            return .error("invalid_request")
        }
        for name in ["client_secret", "client_assertion", "client_assertion_type"] { parameters[name] = nil }
        parameters["client_id"] = client
        do throws(AuthorizationRequest.Refusal) {
            let uri = "urn:ietf:params:oauth:request_uri:" + IssuerState.random(32)
            try state.withLock { state throws(AuthorizationRequest.Refusal) in
                _ = try AuthorizationRequest(parameters, state)
                state.pushed[uri] = PushedRequest(
                    parameters: parameters, expires: Date() + Double(rules.pushedLifetime))
            }
            return .json(["request_uri": uri, "expires_in": rules.pushedLifetime], status: 201)
        } catch {
            return .error(error.code)
        }
    }
}

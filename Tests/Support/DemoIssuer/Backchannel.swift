import Foundation
import Synchronization

/// OpenID Connect CIBA Core 1.0 in poll mode: the person's phone gets a push, here for the test to approve.
extension DemoIssuer {
    public struct Push: Sendable {
        public let client: String
        public let hint: String
        public let bindingMessage: String
        public let scope: String
        public let isPending: Bool
    }

    static let backchannelPath = "/bc-authorize"

    /// Those that can still be approved or polled, in no particular order.
    public var pushes: [Push] {
        state.withLock { state in
            state.codes.values.compactMap { login in
                guard case .push(let hint, let message) = login.prompt else { return nil }
                return Push(
                    client: login.grant.client, hint: hint, bindingMessage: message, scope: login.grant.scope,
                    isPending: login.decision == nil)
            }
        }
    }

    /// The person's decision on the phone; false if no push with this message is pending.
    @discardableResult
    public func approvePush(_ bindingMessage: String) -> Bool {
        state.withLock { $0.decidePush(bindingMessage, .approved) }
    }

    @discardableResult
    public func denyPush(_ bindingMessage: String) -> Bool { state.withLock { $0.decidePush(bindingMessage, .denied) } }

    func authenticateBackchannel(_ request: IssuerRequest, _ client: String) -> IssuerReply {
        let (rules, subject, registered) = state.withLock { ($0.ciba, $0.subject, $0.clients[client]) }
        guard let rules else { return .text("there is nothing here\n", status: 404) }
        let form = request.form
        let isConfidential = client == "server" || registered?.secret != nil
        guard isConfidential, registered?.grantTypes.contains(Self.cibaGrantType) ?? true else {
            return .error("unauthorized_client")
        }
        let hints = ["login_hint", "id_token_hint", "login_hint_token"].compactMap { form[$0] }
        guard (form["scope"] ?? "").split(separator: " ").contains("openid") else { return .error("invalid_scope") }
        guard hints.count == 1 else { return .error("invalid_request") }
        if let hint = form["login_hint"], !(rules.hints ?? [subject, "\(subject)@example.com"]).contains(hint) {
            return .error("unknown_user_id")
        }
        let message = form["binding_message"] ?? ""
        guard message.count <= rules.longestMessage else { return .error("invalid_binding_message") }
        if let code = rules.userCode, form["user_code"] != code {
            return .error(form["user_code"] == nil ? "missing_user_code" : "invalid_user_code")
        }
        do throws(TokenError) {
            let (id, lifetime) = try state.withLock { state throws(TokenError) in
                let grant = try Grant(client: client, form, state.authentication, types: state.detailTypes)
                let lifetime = form["requested_expiry"].flatMap(Int.init) ?? rules.lifetime
                let prompt = PendingLogin.Prompt.push(hint: hints.first ?? "", message: message)
                let interval = rules.interval ?? 5
                let now = Date()
                return (state.ask(grant, nil, prompt, until: now + Double(lifetime), interval, now: now), lifetime)
            }
            var members: [String: Any] = ["auth_req_id": id, "expires_in": lifetime]
            members["interval"] = rules.interval
            return .json(members)
        } catch {
            return .error(error.code)
        }
    }
}

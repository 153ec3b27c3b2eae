internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// A login by the authorization code grant with PKCE, from the address to the grant (RFC 6749 §4.1, RFC 7636, RFC 8252).
struct CodeLogin: LoginGrant {
    let context: LoginContext
    /// The redirect URI as it is registered; without a port, the listener's is added.
    let redirectURI: RedirectURI
    let listeners: any RedirectListening
    let inbox: AuthorizationInbox

    /// Codes live ten minutes at most (RFC 6749 §4.1.2), and a person needs less to log in.
    static let lifetime: Duration = .seconds(600)

    private var settings: AccountSettings { context.settings }
    private var time: any Time { context.time }

    func run() async throws(LoginError) -> GrantedLogin {
        let proof = try ProofKeySupport(settings, context.metadata)
        let reception = try await RedirectReception.open(at: redirectURI, listeners, inbox, context.randomBytes)
        defer { reception.close() }
        let transaction = AuthorizationTransaction(
            redirectURI: reception.redirectURI, proofKey: ProofKey(randomBytes: context.randomBytes),
            server: context.server, metadata: context.metadata, scopes: settings.scopes,
            randomBytes: context.randomBytes)
        let note = [proof.note, reception.note].compactMap(\.self).joined(separator: "; ")
        let deadline = time.now + Self.lifetime
        var address = try AuthorizationAddress(context, transaction)
        var shown = try await address.make()
        inbox.expect(transaction)
        defer { inbox.close() }
        show(shown.url, reception, note, until: deadline)
        while true {
            let answer = await answer(until: min(shown.until ?? deadline, deadline))
            guard !Task.isCancelled else { throw .cancelled }
            switch answer {
            case .code(let code)?:
                return try await CodeExchange(context: context, address.server, otherwise: address.otherwise)
                    .redeem(code, of: transaction)
            case .refused(let error)?: throw .refused(code: error.code, detail: error.detail)
            case nil: break
            }
            guard time.now < deadline else { throw .noAnswer(after: Self.lifetime) }
            // RFC 9126 §2.2: what was pushed has expired. A person who has opened the old address may still come back.
            let earlier = shown.url
            shown = try await renewed(&address, instead: earlier)
            if shown.url != earlier { show(shown.url, reception, note, until: deadline) }
        }
    }

    private func show(
        _ url: String, _ reception: RedirectReception, _ note: String, until deadline: ContinuousClock.Instant
    ) {
        reception.lead(to: url)
        context.report(.prompt(prompt(url, reception, note), deadline: deadline))
    }

    /// Waits for the answer; `nil` if it is not there in time, or the login is cancelled.
    private func answer(until deadline: ContinuousClock.Instant) async -> AuthorizationInbox.Answer? {
        await withTaskGroup(of: Void.self) { [inbox, time] group in
            group.addTask { await inbox.waitForAnswer() }
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        return inbox.answer
    }

    /// Returns a new address. Keeps the earlier one for a while if the provider does not answer now: a person may be
    /// about to log in.
    private func renewed(
        _ address: inout AuthorizationAddress, instead earlier: String
    ) async throws(LoginError) -> AuthorizationAddress.Shown {
        do throws(LoginError) {
            let fresh = try await address.make()
            context.report(.answered)
            return fresh
        } catch {
            guard case .oauth(.transport(let failure)) = error else { throw error }
            context.report(.retrying(detail: failure.description))
            return AuthorizationAddress.Shown(url: earlier, until: time.now + AuthorizationAddress.shortestLifetime)
        }
    }

    private func prompt(_ url: String, _ reception: RedirectReception, _ note: String) -> LoginPrompt {
        var prompt = LoginPrompt(grant: .code, expiresIn: 0, note: note.isEmpty ? nil : note)
        prompt.authorizationURI = url
        prompt.shortURI = reception.shortURI
        prompt.redirectURI = reception.redirectURI.text
        return prompt
    }
}

internal import AgentAPI
internal import OAuth
internal import Vault

/// The wait for the response to a login by code, while the address that the user opens is kept alive.
struct ResponseWait: Sendable {
    let context: LoginContext
    let address: AuthorizationAddress
    let reception: RedirectReception
    let inbox: AuthorizationInbox
    let note: String?
    let deadline: ContinuousClock.Instant

    /// Between two pushes that fail.
    private static let longestPause: Duration = .seconds(60)

    private var time: any Time { context.time }

    /// Shows the address, and a new one whenever it must be replaced, until the answer is there.
    ///
    /// From the first prompt on nothing but the answer, the deadline and `stop` ends the login: a person may be about to
    /// log in at a page that is open.
    func answer(to first: AuthorizationAddress.Shown) async throws(LoginError) -> AuthorizationInbox.Answer {
        var shown = first
        var pause = AuthorizationAddress.shortestLifetime
        show(shown.url)
        while true {
            await news(until: min(dueAt(shown), deadline))
            if let answer = inbox.answer { return try wanted(answer) }
            guard !Task.isCancelled else { throw .cancelled }
            guard time.now < deadline else {
                // Closed first: what the inbox accepts is not lost.
                inbox.close()
                if let answer = inbox.answer { return try wanted(answer) }
                throw .noAnswer(after: CodeLogin.lifetime, ignored: inbox.lastIgnored)
            }
            guard time.now >= dueAt(shown) else { continue }
            switch await renewed() {
            case nil: continue
            case .success(let fresh)?:
                context.report(.answered)
                let isExpired = time.now >= shown.until ?? deadline
                // Only a browser at the listener has used the earlier one: those who see the prompt need no other.
                if isExpired { show(fresh.url) } else { reception.lead(to: fresh.url) }
                (shown, pause) = (fresh, AuthorizationAddress.shortestLifetime)
            case .failure(let failure)?:
                context.report(.retrying(detail: failure.description))
                shown.until = time.now + pause
                shown.renewableAt = time.now + pause
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    /// When the address is replaced: before it expires, and earlier if the listener has led a browser there, because a
    /// reference is for one use (RFC 9126 §4).
    private func dueAt(_ shown: AuthorizationAddress.Shown) -> ContinuousClock.Instant {
        guard let until = shown.until else { return deadline }
        return inbox.isAddressUsed(shown.url) ? min(shown.renewableAt, until) : until
    }

    /// An answer counts even if the login is stopped in the same moment, unless a person has cancelled it: the user has
    /// approved, and the browser says so.
    private func wanted(_ answer: AuthorizationInbox.Answer) throws(LoginError) -> AuthorizationInbox.Answer {
        guard !context.isCancelled() else { throw .cancelled }
        return answer
    }

    private func news(until instant: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { [inbox, time] group in
            group.addTask { await inbox.waitForNews() }
            group.addTask { try? await time.sleep(until: instant) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Pushes the request again; `nil` if an answer came first, or the login was stopped.
    private func renewed() async -> Result<AuthorizationAddress.Shown, OAuthFailure>? {
        // Unstructured task: an answer does not wait for the provider's reply.
        let push = Task { [address] () -> Result<AuthorizationAddress.Shown, OAuthFailure> in
            do throws(OAuthFailure) { return .success(try await address.again()) } catch { return .failure(error) }
        }
        defer { push.cancel() }
        return await withTaskGroup(of: Result<AuthorizationAddress.Shown, OAuthFailure>?.self) { [inbox] group in
            group.addTask { await push.valueUnlessCancelled }
            group.addTask {
                await inbox.waitForAnswer()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return inbox.answer == nil ? first : nil
        }
    }

    private func show(_ url: String) {
        reception.lead(to: url)
        var prompt = LoginPrompt(grant: .code, expiresIn: 0, note: note)
        prompt.authorizationURI = url
        prompt.shortURI = reception.shortURI
        prompt.redirectURI = reception.redirectURI.text
        context.report(.prompt(prompt, deadline: deadline))
    }
}

internal import Formats
internal import OAuth
internal import SecretMemory

/// The agent's reading of a reply by every parser, whichever endpoint it came from.
package struct ReplyReading {
    private let reply: ProviderReply
    private let poll: PollReply
    private let refresh: RefreshReply
    private let revocation: RevocationReply
    private let device: Result<DeviceAuthorization, OAuthFailure>
    private let metadata: Result<ServerMetadata?, OAuthFailure>
    private let login: LoginReading
    private let others: OtherReading

    package init(status: Int, retryAfter: String?, body: [UInt8]) {
        let headers = retryAfter.map { [(name: "Retry-After", value: $0)] } ?? []
        let response = HTTPResponse(status: status, headers: headers, body: body)
        reply = ProviderReply(response, secrets: ReplyMutator.sent.map { SecretBytes($0) })
        poll = PollReply(reply)
        refresh = RefreshReply(reply)
        revocation = RevocationReply(reply)
        let reply = reply
        device = Result { () throws(OAuthFailure) in try DeviceAuthorization(reply) }
        metadata = Result { () throws(OAuthFailure) in
            guard let fields = reply.body.fields, let issuer = try? Issuer(parsing: "https://h.example") else {
                return nil
            }
            return try ServerMetadata(fields, askedFor: issuer)
        }
        login = LoginReading(reply, body: body)
        others = OtherReading(response, reply)
    }

    /// A violated invariant, which must hold for any reply; `nil` if there is none.
    package var violation: String? {
        for text in shownTexts {
            if DisplayText.clean(text, limit: .max) != text {
                return "shown text that a terminal obeys: \(text.debugDescription)"
            }
            if text.unicodeScalars.count > 2_100 { return "\(text.unicodeScalars.count) characters shown" }
            // Neither whole nor by its first or last 10 bytes or more, whatever the encoding of the rest.
            if ReplyMutator.sent.contains(where: { text.contains($0.prefix(10)) || text.contains($0.dropFirst(4)) }) {
                return "a secret is shown: \(text)"
            }
        }
        return grantViolation ?? deviceViolation ?? loginViolation ?? login.violation ?? others.violation
    }

    /// The reading as text, for comparison with another reading of the same reply.
    package var digest: String {
        "\(poll) \(refresh) \(revocation) \(device) \(shownTexts.sorted()) \(login.digest) \(others.digest)"
    }

    /// All text that may reach a user or a log. User code and URI are the server's choice.
    private var shownTexts: [String] {
        var texts = [reply.summary, reply.content]
        if let error = reply.error { texts += [error.code, error.description] }
        switch poll {
        case .denied(let error), .expired(let error), .refused(let error): texts.append(error.description)
        case .transient(let detail, _, _), .untrusted(let detail), .unusable(let detail), .unsupported(let detail):
            texts.append(detail)
        case .granted, .pending, .slowDown: break
        }
        switch refresh {
        case .unconfigured(let detail), .changed(let detail): texts.append(detail)
        case .deadGrant(let error), .needsPerson(let error), .misconfigured(let error): texts.append(error.description)
        case .rejected(_, let detail), .transient(let detail, _, _), .unanswered(let detail): texts.append(detail)
        case .renewed(let grant): texts += grant.scope ?? []
        }
        switch revocation {
        case .refused(let detail), .retry(let detail, _): texts.append(detail)
        case .revoked, .unsupported: break
        }
        if case .failure(let failure) = device { texts.append(failure.description) }
        return texts + login.shownTexts + others.shownTexts
    }

    private var grants: [TokenGrant] {
        var grants: [TokenGrant] = []
        if case .granted(let grant) = poll { grants.append(grant) }
        if case .renewed(let grant) = refresh { grants.append(grant) }
        return grants
    }

    private var grantViolation: String? {
        for grant in grants {
            if !reply.isSuccess || reply.error != nil { return "a token out of an error" }
            if grant.tokenType != "Bearer" { return "a token of type \(grant.tokenType)" }
            for token in [grant.accessToken, grant.idToken].compactMap(\.self) {
                let isWord = token.withBytes { $0.allSatisfy { (0x21...0x7E).contains($0) } }
                if !isWord || token.count == 0 || token.count > TokenGrant.maximumTokenLength { return "a bad token" }
            }
            for seconds in [grant.expiresIn, grant.refreshExpiresIn].compactMap(\.self)
            where !(1...315_360_000).contains(seconds) { return "a life time of \(seconds) s" }
        }
        return nil
    }

    private var deviceViolation: String? {
        guard case .success(let device) = device else { return nil }
        if !reply.isSuccess || reply.error != nil { return "a device code out of an error" }
        for text in [device.userCode, device.verificationURI, device.verificationURIComplete ?? ""]
        where DisplayText.clean(text, limit: 2048) != text { return "shown to a person: \(text.debugDescription)" }
        if !(1...300).contains(device.interval) { return "an interval of \(device.interval) s" }
        if !(1...86_400).contains(device.expiresIn) { return "a code for \(device.expiresIn) s" }
        return nil
    }

    private var loginViolation: String? {
        if case .deadGrant = refresh, reply.isTemporary || reply.isRedirect {
            return "an overloaded server ends a login"
        }
        if case .success(let metadata?) = metadata, metadata.issuer.text != "https://h.example" {
            return "another issuer"
        }
        var polling = LoginPolling(
            DeviceAuthorization(
                deviceCode: SecretBytes("dc"), userCode: "U", verificationURI: "https://h/", expiresIn: 900),
            now: ContinuousClock.now
        )
        _ = polling.received(poll, at: polling.nextPoll)
        return (1...3600).contains(polling.interval) ? nil : "polls every \(polling.interval) s"
    }
}

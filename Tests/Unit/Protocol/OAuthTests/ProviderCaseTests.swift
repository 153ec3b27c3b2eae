import OAuth
import ReplyCorpus
import SecretMemory
import Testing

@Suite struct ProviderCaseTests {
    @Test("T2, T3, D5: each provider's reply has the outcome that the provider documents", arguments: ReplyCase.all)
    func outcome(of reply: ReplyCase) throws {
        #expect(try read(reply) == reply.outcome)
    }

    @Test("every case has its own name")
    func names() {
        #expect(Set(ReplyCase.all.map(\.id)).count == ReplyCase.all.count)
    }

    private func read(_ reply: ReplyCase) throws -> ReplyCase.Outcome {
        let headers = reply.contentType.map { [(name: "Content-Type", value: $0)] } ?? []
        let answer = ProviderReply(HTTPResponse(reply.status, reply.body, headers))
        switch reply.endpoint {
        case .device: return device(answer)
        case .poll: return poll(PollReply(answer))
        case .refresh: return refresh(RefreshReply(answer))
        case .revocation: return revocation(RevocationReply(answer), answer)
        case .discovery: return try discovery(answer)
        }
    }

    private func device(_ reply: ProviderReply) -> ReplyCase.Outcome {
        do throws(OAuthFailure) {
            let device = try DeviceAuthorization(reply)
            return .device(
                device.deviceCode.revealedText(), device.userCode, device.verificationURI,
                complete: device.verificationURIComplete, expiresIn: device.expiresIn, interval: device.interval)
        } catch {
            switch error {
            case .provider(let error): return .failed(error.code)
            case .deviceFlowUnsupported: return .unsupported
            case .transport: return .transient
            default: return .badResponse
            }
        }
    }

    /// Feeds the reply to the polling, which turns it into the end of a login.
    private func poll(_ reply: PollReply) -> ReplyCase.Outcome {
        var polling = LoginPolling(
            DeviceAuthorization(
                deviceCode: SecretBytes("dc"), userCode: "U", verificationURI: "https://h/", expiresIn: 900),
            now: ContinuousClock.now
        )
        switch (reply, polling.received(reply, at: polling.nextPoll)) {
        case (.pending, .wait): return .pending
        case (.slowDown(let asked), .slowed(let interval)):
            #expect(interval == max(10, asked ?? 0))
            return .slowDown(asked)
        case (.transient, .retrying): return .transient
        case (_, .granted(let grant)): return token(grant)
        case (_, .failed("access_denied", _)): return .denied
        case (_, .failed("expired_token", _)): return .expired
        case (_, .failed("bad_response", _)): return .badResponse
        case (_, .failed("device_flow_unsupported", _)): return .unsupported
        case (_, .failed(let code, _)): return .failed(code)
        case (_, let decision):
            Issue.record("\(decision)")
            return .badResponse
        }
    }

    private func refresh(_ reply: RefreshReply) -> ReplyCase.Outcome {
        switch reply {
        case .renewed(let grant): token(grant)
        case .deadGrant: .relogin
        case .needsPerson(let error), .misconfigured(let error): .failed(error.code)
        case .rejected: .rejected
        case .transient, .unanswered, .unconfigured, .changed: .transient
        }
    }

    private func token(_ grant: TokenGrant) -> ReplyCase.Outcome {
        .token(
            grant.accessToken.revealedText(), refresh: grant.refreshToken?.revealedText(), expiresIn: grant.expiresIn,
            scope: grant.scope, hasIDToken: grant.idToken != nil, refreshExpiresIn: grant.refreshExpiresIn)
    }

    private func revocation(_ reply: RevocationReply, _ answer: ProviderReply) -> ReplyCase.Outcome {
        switch reply {
        case .revoked: .revoked
        case .refused: .notRevoked(answer.content)
        case .retry: .transient
        case .unsupported: .unsupported
        }
    }

    private func discovery(_ reply: ProviderReply) throws -> ReplyCase.Outcome {
        let fields = try #require(reply.body.fields)
        let issuer = try Issuer(parsing: try #require(fields.text("issuer")))
        let metadata = try #require(try ServerMetadata(fields, askedFor: issuer))
        return .metadata(
            device: metadata.deviceAuthorizationEndpoint?.text, token: metadata.tokenEndpoint?.text,
            revocation: metadata.revocationEndpoint?.text)
    }
}

import OAuth
import SecretMemory
import Testing

@Suite struct LoginPollingTests {
    private let start = ContinuousClock.now
    private let timeout = PollReply.transient(detail: "10 s", backsOff: true, retryAfter: nil)
    private let reset = PollReply.transient(detail: "reset", backsOff: false, retryAfter: nil)

    private func polling(expiresIn: Int = 900, interval: Int = 5) -> LoginPolling {
        LoginPolling(
            DeviceAuthorization(
                deviceCode: SecretBytes("dc"), userCode: "U", verificationURI: "https://h/", expiresIn: expiresIn,
                interval: interval
            ),
            now: start
        )
    }

    /// Plays replies, each 1 s after its poll was due; returns the seconds from each reply to the next poll.
    private func gaps(_ polling: inout LoginPolling, _ replies: [PollReply]) -> [Int64] {
        replies.map { reply in
            let arrival = polling.nextPoll + .seconds(1)
            _ = polling.received(reply, at: arrival)
            return (polling.nextPoll - arrival).components.seconds
        }
    }

    @Test("D1: the default interval of 5 s is kept before every poll")
    func defaultInterval() {
        var polling = LoginPolling(
            DeviceAuthorization(
                deviceCode: SecretBytes("dc"), userCode: "U", verificationURI: "https://h/", expiresIn: 900
            ),
            now: start
        )
        #expect(polling.nextPoll == start + .seconds(5))
        #expect(gaps(&polling, [.pending(interval: nil), .pending(interval: nil)]) == [5, 5])
    }

    @Test("D2: the first poll waits too, and each wait starts at the end of a response")
    func waits() {
        var polling = polling(interval: 7)
        #expect(polling.nextPoll == start + .seconds(7))
        // A response that took 20 s.
        _ = polling.received(.pending(interval: nil), at: start + .seconds(27))
        #expect(polling.nextPoll == start + .seconds(34))
    }

    @Test("D3: slow_down adds 5 s to this and all later polls")
    func slowDown() {
        var polling = polling()
        let replies: [PollReply] = [.slowDown(interval: nil), .pending(interval: nil), .slowDown(interval: nil)]
        #expect(gaps(&polling, replies + [.pending(interval: nil)]) == [10, 10, 15, 15])
        guard case .slowed(let interval) = polling.received(.slowDown(interval: nil), at: polling.nextPoll) else {
            Issue.record("not slowed")
            return
        }
        #expect(interval == 20)
    }

    @Test("D3: a larger interval sent by the server wins, a smaller one does not")
    func serverInterval() {
        var polling = polling()
        let replies: [PollReply] = [.slowDown(interval: 30), .pending(interval: 10), .slowDown(interval: 2)]
        #expect(gaps(&polling, replies + [.pending(interval: 40)]) == [30, 30, 35, 40])
    }

    @Test("D4: connection timeouts double the interval, and an answer resets it")
    func timeouts() {
        var polling = polling()
        #expect(gaps(&polling, [timeout, timeout, timeout, .pending(interval: nil)]) == [10, 20, 40, 5])
    }

    @Test("D4: the doubling stops at a minute, but never below the server's interval")
    func longestBackoff() {
        var polling = polling()
        #expect(gaps(&polling, Array(repeating: timeout, count: 6)) == [10, 20, 40, 60, 60, 60])
        var slow = self.polling(interval: 90)
        #expect(gaps(&slow, [timeout, timeout]) == [90, 90])
    }

    @Test("a failure in a provider's own words has the RFC's code, and the words as its detail")
    func providersWords() {
        func ends(_ reply: PollReply) -> String {
            var polling = polling()
            guard case .failed(let code, let detail) = polling.received(reply, at: polling.nextPoll) else { return "" }
            return "\(code), \(detail ?? "")"
        }
        #expect(ends(.denied(ProviderError(code: "access_denied", detail: "no", status: 400))) == "access_denied, no")
        #expect(
            ends(.denied(ProviderError(code: "authorization_declined", status: 400)))
                == "access_denied, authorization_declined")
        #expect(
            ends(.expired(ProviderError(code: "code_expired", detail: "late", status: 400)))
                == "expired_token, code_expired: late")
        #expect(ends(.unsupported(detail: "no")) == "device_flow_unsupported, no")
    }

    @Test("D4: three dropped polls do not end a login")
    func droppedPolls() {
        var polling = polling()
        _ = gaps(&polling, [timeout, timeout, timeout])
        guard
            case .granted = polling.received(.granted(TokenGrant(accessToken: SecretBytes("a"))), at: polling.nextPoll)
        else {
            Issue.record("the login failed")
            return
        }
    }

    @Test("other network failures keep the interval and are reported")
    func otherFailures() {
        var polling = polling()
        #expect(gaps(&polling, [reset, reset]) == [5, 5])
        guard case .retrying("reset") = polling.received(reset, at: polling.nextPoll) else {
            Issue.record("not retrying")
            return
        }
    }

    @Test("Retry-After is honoured for one poll, up to 2 minutes")
    func retryAfter() {
        var polling = polling()
        let replies: [PollReply] = [30, 3600, 1].map {
            .transient(detail: "429", backsOff: false, retryAfter: .seconds($0))
        }
        #expect(gaps(&polling, replies + [.pending(interval: nil)]) == [30, 120, 5, 5])
    }

    @Test("D5: an OAuth error ends the polling with its code and words")
    func refused() {
        var polling = polling()
        let error = ProviderError(code: "access_denied", detail: "no", status: 400)
        guard case .failed("access_denied", "no") = polling.received(.refused(error), at: polling.nextPoll) else {
            Issue.record("the polling goes on")
            return
        }
        guard case .failed("bad_response", "nonsense") = polling.received(.unusable(detail: "nonsense"), at: start),
            case .failed("provider_unreachable", "expired") = polling.received(.untrusted(detail: "expired"), at: start)
        else {
            Issue.record("the polling goes on")
            return
        }
    }

    @Test("D6: expired_token ends the polling without a new code")
    func expiredToken() {
        var polling = polling()
        let error = ProviderError(code: "expired_token", status: 400)
        guard case .failed("expired_token", nil) = polling.received(.refused(error), at: polling.nextPoll) else {
            Issue.record("the polling goes on")
            return
        }
    }

    @Test("D8: polling stops if the next poll would be after the code's expiry")
    func deadline() {
        var polling = polling(expiresIn: 20)
        #expect(polling.deadline == start + .seconds(20))
        guard case .wait = polling.received(.pending(interval: nil), at: start + .seconds(14)) else {
            Issue.record("stopped before the code expires")
            return
        }
        guard case .expired = polling.received(.pending(interval: nil), at: start + .seconds(15)) else {
            Issue.record("polls an expired code")
            return
        }
    }

    @Test("D8: a suspend past the deadline ends the polling; a granted token is still accepted")
    func suspend() {
        var polling = polling()
        guard case .expired = polling.received(reset, at: start + .seconds(86_400)) else {
            Issue.record("polls an expired code")
            return
        }
        // A granted token counts, whatever our clock shows.
        let grant = TokenGrant(accessToken: SecretBytes("a"))
        guard case .granted = polling.received(.granted(grant), at: start + .seconds(86_400)) else {
            Issue.record("the grant is thrown away")
            return
        }
    }

    @Test(
        "D9: a server that always sends slow_down, or never answers, is polled until the deadline",
        arguments: [true, false])
    func ends(isSlowDown: Bool) {
        var polling = polling(expiresIn: 1800)
        for count in 1...200 {
            let reply = isSlowDown ? .slowDown(interval: nil) : timeout
            guard case .expired = polling.received(reply, at: polling.nextPoll) else { continue }
            #expect(count < 40)
            return
        }
        Issue.record("the polling never ends")
    }

    @Test("D9: the interval catches up with a server whose clock is 5 % slow")
    func slowServerClock() {
        var polling = polling()
        var lastPoll = start
        var serverInterval = 5.0
        for count in 1...20 {
            let seen = (polling.nextPoll - lastPoll) / .seconds(1) * 0.95
            lastPoll = polling.nextPoll
            if seen >= serverInterval {
                #expect(count > 1)
                return
            }
            serverInterval += 5
            guard case .slowed = polling.received(.slowDown(interval: nil), at: polling.nextPoll) else { break }
        }
        Issue.record("the server is never content")
    }
}

import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Logins by authorization code through the real programs, at an issuer that misbehaves on command.
@Suite(.timeLimit(.minutes(5)))
struct CodeGrantTests {
    @Test("login by a browser, token, restart, renewal, logout: pushed, checked, and without a secret in the log")
    func wholeLife() async throws {
        let place = try await CodeGrantPlace(keyring: try await PrivateKeyring())
        let (login, prompt) = try await place.pending()
        #expect(prompt.grant == .code && prompt.expiresIn > 590 && prompt.expiresIn <= 600)
        let short = try await place.open(try #require(prompt.shortURI))
        #expect(short.status == 302 && short.location == prompt.authorizationURI)
        let response = try await place.approve(prompt)
        #expect(response.hasPrefix(try #require(prompt.redirectURI) + "?"))
        let page = try await Browser().follow(response)
        #expect(page.status == 200 && !page.address.contains("?") && page.body.contains("This tab may be closed."))
        let result = await login.result()
        #expect(result.status == 0, "\(result.output)\(result.errors)\(place.home.log)")
        let sent = try #require(place.issuer.authorizationRequests.first)
        #expect(sent["code_challenge_method"] == "S256" && sent["nonce"] != nil && sent["response_type"] == "code")
        #expect(place.issuer.log.count { $0.endpoint == .pushed } == 1)
        #expect(try await place.isRefused(response))

        let token = try await place.home.authagent("token", "work")
        #expect(token.status == 0 && place.issuer.accessTokens.contains(token.output.trimmed))
        await place.home.killDaemon()
        let again = try await place.home.authagent("token", "work")
        #expect(again.status == 0 && again.output != token.output, "\(again.errors)\(place.home.log)")
        #expect(try await place.home.authagent("logout", "work").status == 0)
        let text = result.output + result.errors + place.home.log
        let secrets = parameters(of: response)
        for secret in [secrets["code"], secrets["state"], sent["nonce"], sent["code_challenge"]] {
            #expect(!text.contains(try #require(secret)))
        }
    }

    @Test(
        "a response that a client hands over completes the login, as an address or as its query",
        arguments: [true, false])
    func handedOver(isWhole: Bool) async throws {
        let place = try await CodeGrantPlace()
        let (login, prompt) = try await place.pending()
        let response = try await place.approve(prompt)
        let text = isWhole ? response : String(try #require(response.split(separator: "?").last))
        let (status, reply) = try await place.handOver(text)
        #expect(status == 200 && reply.contains(#""accepted":true"#), "\(reply)")
        #expect(await login.result().status == 0, "\(place.home.log)")
        #expect(try await place.home.authagent("token", "work").status == 0)
    }

    @Test("the responses of two accounts, swapped by hand or by listener, are ignored by both; then each takes its own")
    func swapped() async throws {
        let place = try await CodeGrantPlace()
        let (first, prompt) = try await place.pending()
        let (second, otherPrompt) = try await place.pending("other")
        let (own, foreign) = (try await place.approve(prompt), try await place.approve(otherPrompt))
        #expect(try await place.handOver(foreign).reply.contains(#""accepted":false"#))
        #expect(try await place.handOver(own, to: "other").reply.contains(#""accepted":false"#))
        func moved(_ response: String, to prompt: LoginPrompt) throws -> String {
            try #require(prompt.redirectURI) + "?" + String(try #require(response.split(separator: "?").last))
        }
        #expect(try await place.open(try moved(foreign, to: prompt)).status == 404)
        #expect(try await place.open(try moved(own, to: otherPrompt)).status == 404)
        #expect(first.isRunning && second.isRunning && place.issuer.accessTokens.isEmpty)
        #expect(try await place.open(foreign).status == 302)
        #expect(try await place.open(own).status == 302)
        let (one, two) = (await first.result(), await second.result())
        #expect(one.status == 0 && two.status == 0, "\(place.home.log)")
        #expect(place.home.log.contains("unknown_state"))
    }

    @Test("a second client that joins the login sees the same address, and both see its end")
    func joined() async throws {
        let place = try await CodeGrantPlace()
        let (login, prompt) = try await place.pending()
        let second = try place.home.client(["login", "work", "--json"])
        let joined = try #require(await place.home.prompt(of: second), "\(second.errorsSoFar)")
        #expect(joined.authorizationURI == prompt.authorizationURI && joined.shortURI == prompt.shortURI)
        #expect(try await place.open(try await place.approve(joined)).status == 302)
        let (one, two) = (await login.result(), await second.result())
        #expect(one.status == 0 && two.status == 0)
        #expect(place.issuer.log.count { $0.endpoint == .token } == 1)
    }

    @Test("a response after Ctrl-C, a logout, or in place of another is late: nothing of it is used")
    func late() async throws {
        let place = try await CodeGrantPlace()
        let (cancelled, prompt) = try await place.pending()
        let late = try await place.approve(prompt)
        cancelled.signal(SIGINT)
        #expect(await cancelled.result().status != 0)
        #expect(try await place.handOver(late).status == 404)
        #expect(try await place.isRefused(late))

        let (login, next) = try await place.pending()
        #expect(try await place.handOver(late).reply.contains(#""accepted":false"#))
        let response = try await place.approve(next)
        #expect(try await place.home.authagent("logout", "work").status != 1)
        #expect(await login.result().status != 0)
        #expect(try await place.handOver(response).status == 404)
        #expect(try await place.isRefused(response))
        #expect(place.issuer.log.allSatisfy { $0.endpoint != .token })
    }

    @Test("the person's refusal ends the login, and the browser sees a page that says so")
    func denied() async throws {
        let place = try await CodeGrantPlace()
        let (login, prompt) = try await place.pending()
        let address = try #require(prompt.authorizationURI)
        let response = try #require(await place.issuer.refuse(address))
        let page = try await Browser().follow(response)
        #expect(page.body.contains("was not completed") && !page.address.contains("?"))
        let result = await login.result()
        #expect(result.status == 1 && place.failure(result)?.code == "access_denied")
    }

    @Test("a response whose issuer is missing or another's leaves the login pending")
    func issuer() async throws {
        // A pushed request is for one use.
        let place = try await CodeGrantPlace { $0.pushed = .none }
        let (login, prompt) = try await place.pending()
        for value in [DemoIssuer.ReplyValue.absent, .other("https://evil.example")] {
            place.issuer.changeCode { $0.issuerInResponse = value }
            let response = try await place.approve(prompt)
            #expect(try await place.open(response).status == 404)
            #expect(login.isRunning)
        }
        place.issuer.changeCode { $0.issuerInResponse = .right }
        #expect(try await place.open(try await place.approve(prompt)).status == 302)
        #expect(await login.result().status == 0)
    }

    @Test("an ID token with another nonce ends the login, and its tokens are revoked")
    func nonce() async throws {
        let place = try await CodeGrantPlace { $0.nonce = .other("x") }
        let (login, prompt) = try await place.pending()
        #expect(try await place.open(try await place.approve(prompt)).status == 302)
        let failure = place.failure(await login.result())
        #expect(failure?.code == "bad_id_token" && failure?.detail.contains("its tokens are revoked") == true)
        #expect(place.issuer.liveRefreshTokens.isEmpty)
    }

    @Test("a lost reply to the code ends the login; the code is not sent again, and the next login works")
    func lostReply() async throws {
        let place = try await CodeGrantPlace()
        place.issuer.enqueue(.token, .dropAfterCommit)
        let (login, prompt) = try await place.pending()
        #expect(try await place.open(try await place.approve(prompt)).status == 302)
        let failure = place.failure(await login.result())
        #expect(failure?.code == "reply_lost" && failure?.hint.contains("start again") == true)
        #expect(place.issuer.log.count { $0.endpoint == .token } == 1)
        let (again, next) = try await place.pending()
        #expect(try await place.open(try await place.approve(next)).status == 302)
        #expect(await again.result().status == 0)
    }

    @Test("the agent is killed while the browser is away: the port is closed, and a new login works")
    func killed() async throws {
        let place = try await CodeGrantPlace()
        let (login, prompt) = try await place.pending()
        let response = try await place.approve(prompt)
        await place.home.killDaemon()
        #expect(await login.result().status != 0)
        #expect(try await place.isRefused(response))
        let (again, next) = try await place.pending()
        #expect(try await place.handOver(response).reply.contains(#""accepted":false"#))
        #expect(try await place.open(try await place.approve(next)).status == 302)
        #expect(await again.result().status == 0)
    }

    @Test("an expired pushed request is pushed again, and a browser that opened the old address may still come back")
    func pushedAgain() async throws {
        let place = try await CodeGrantPlace { $0.pushedLifetime = 1 }
        let (login, prompt) = try await place.pending()
        let response = try await place.approve(prompt)
        await eventually("no second address") { login.outputSoFar.split(separator: "\n").count >= 2 }
        let lines = login.outputSoFar.split(separator: "\n")
        guard case .prompt(let second)? = try? APIJSON.decode(LoginEvent.self, from: lines[1].utf8) else {
            return #expect(Bool(false), "\(login.outputSoFar)")
        }
        #expect(second.authorizationURI != prompt.authorizationURI && second.redirectURI == prompt.redirectURI)
        let short = try await place.open(try #require(prompt.shortURI))
        #expect(short.location == second.authorizationURI)
        #expect(try await place.open(response).status == 302)
        #expect(await login.result().status == 0)
    }

    @Test("a port that another program has is refused, and the program is named")
    func portTaken() async throws {
        let place = try await CodeGrantPlace()
        let python = try ChildProcess(
            "/usr/bin/python3",
            [
                "-c",
                """
                import socket, sys
                s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
                print(s.getsockname()[1], flush=True); sys.stdin.read()
                """,
            ], environment: ChildProcess.programEnvironment, input: nil)
        defer { python.signal(SIGKILL) }
        let port = await python.line()
        let result = try await place.home.authagent(
            ["login", "work"] + place.options + ["--redirect-uri", "http://127.0.0.1:\(port)/callback"])
        let failure = place.failure(result)
        #expect(failure?.code == "configuration_error" && failure?.detail.contains("port \(port)") == true)
        #expect(failure?.detail.contains("(pid \(python.pid)) has it") == true, "\(String(describing: failure))")
    }

    @Test("another user's wrong state, and a browser in another network, change nothing of a pending login")
    func others() async throws {
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        let place = try await CodeGrantPlace()
        let (login, prompt) = try await place.pending()
        let response = try await place.approve(prompt)
        let address = try #require(prompt.redirectURI)
        let user = try await ChildProcess.run(
            "/usr/bin/setpriv",
            [
                "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/curl", "-s", "-w", "%{http_code}",
                "-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", address + "?code=c&state=guessed",
                address + "?code=c&state=again",
                address + "?error=access_denied",
            ])
        #expect(user.output == "404404404", "\(user.output)\(user.errors)")
        let network = try await ChildProcess.run(
            "/usr/bin/unshare", ["--net", "/usr/bin/curl", "-sS", "--max-time", "10", response])
        #expect(network.status != 0)
        #expect(login.isRunning)
        // Handed over, the response of the browser that could not come back is as good.
        #expect(try await place.handOver(response).status == 200)
        #expect(await login.result().status == 0)
        await eventually("the log has no summary") { place.home.log.contains("unknown_state by listener: 2") }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

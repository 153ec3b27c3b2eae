import AgentAPI
import OAuth
import SecretMemory
import Synchronization
import TestSupport
import Testing
import Vault

/// Accounts without a person, alone: what their tokens are requested with is scripted.
struct MachineTests {
    private let time = ManualTime()
    private let store = RecordingStore()
    private let requester: ScriptedRequester
    private let vault: AccountVault
    private let news = NewsLog()
    private let changes = SourceChanges()

    init() throws { try self.init(needsStore: false) }

    private init(needsStore: Bool) throws {
        let name = try #require(AccountName("batch"))
        requester = ScriptedRequester(of: name, needsStore: needsStore)
        vault = AccountVault(
            account: name,
            ports: AccountVault.Ports(
                refresher: ScriptedRefresher(.dead), machine: requester, store: store,
                reader: StoreReader(store: store, time: time), journal: nil, time: time, jitter: { 0.5 },
                scheduleChanged: {}, report: { [news] in news.append($0) },
                sourceChanged: { [changes] in changes.add($0) }))
    }

    private func token() async throws(TokenFailure) -> String {
        try await vault.token(minimumValidity: .seconds(60)).token.secret.revealedText()
    }

    private func taken() async throws(TokenFailure) -> String {
        try await vault.takeToken(minimumValidity: .seconds(60)).token.secret.revealedText()
    }

    @Test("a token is renewed ahead of its expiry while it is in use")
    func ahead() async throws {
        requester.answer(.grant("t1"), .grant("t2"))
        #expect(try await token() == "t1")
        #expect(try await token() == "t1")
        let due = try #require(vault.nextDue(keepAlive: nil))
        time.advance(by: due - time.now)
        await vault.runDue(keepAlive: nil)
        #expect(try await token() == "t2")
        #expect(requester.count == 2 && store.operations.isEmpty)
    }

    @Test("no refusal ends the account, however often it comes")
    func refusals() async throws {
        requester.answer(.answered(.refused(ProviderError(code: "invalid_grant", status: 400)), hosts: nil))
        for _ in 0..<6 {
            await #expect(throws: TokenFailure.self) { try await token() }
            time.advance(by: .seconds(400))
        }
        #expect(requester.count == 6)
        requester.answer(.grant("t1"))
        #expect(try await token() == "t1")
    }

    @Test("a valid token is served while the provider is down, and an expired one is not")
    func outage() async throws {
        requester.answer(.grant("t1"), .answered(.transient(detail: "no route", retryAfter: nil), hosts: nil))
        #expect(try await token() == "t1")
        time.advance(by: .seconds(3_570))
        #expect(try await token() == "t1")
        time.advance(by: .seconds(60))
        await #expect(throws: TokenFailure.providerUnreachable(detail: "no route")) { try await token() }
    }

    @Test("a source that lacks a login is reported once, and is asked again at each request")
    func lacksSource() async throws {
        let source = try #require(AccountName("work"))
        requester.answer(.lacksSource(.subjectLoginRequired(source)))
        for _ in 0..<3 {
            await #expect(throws: TokenFailure.subjectLoginRequired(source)) { try await token() }
        }
        #expect(requester.count == 3)
        #expect(news.all.filter { $0 == .subjectLoginRequired(source) }.count == 1)
        requester.answer(.grant("t1"))
        #expect(try await token() == "t1")
    }

    @Test("a withdrawal drops the token and the request that is under way, and callers get the next one's")
    func withdrawn() async throws {
        requester.answer(.grant("t1"), .grant("t2"))
        let gate = Gate()
        requester.hold(at: gate)
        let first = Task { try await token() }
        await gate.arrived()
        vault.withdraw(because: .replaced)
        let second = Task { try await token() }
        gate.open()
        #expect(try await first.value == "t2")
        #expect(try await second.value == "t2")
        #expect(try await token() == "t2")
    }

    @Test("a withdrawal before the first token voids the one that a login has requested earlier")
    func adoption() async throws {
        let version = vault.version
        vault.withdraw(because: .replaced)
        let grant = TokenGrant(accessToken: SecretBytes("t0"), expiresIn: 3600)
        for (version, isKept) in [(version, false), (vault.version, true)] {
            let token = await vault.adoptMachine(
                grant, secret: nil, hosts: nil, scope: [], requestedAt: time.now, version: version)
            #expect((token != nil) == isKept && (vault.heldToken(for: nil) != nil) == isKept)
        }
        #expect(try await token() == "t0")
    }

    @Test("after a refusal no source is renewed for a quarter of an hour, unless a request succeeds")
    func source() async throws {
        requester.answer(.answered(.refused(ProviderError(code: "invalid_grant", status: 400)), hosts: nil))
        for _ in 0..<2 {
            _ = try? await token()
            time.advance(by: .seconds(400))
        }
        requester.answer(.grant("t1", expiresIn: 100))
        _ = try await token()
        time.advance(by: .seconds(200))
        _ = try await token()
        #expect(requester.renewals == [true, false, false, true])
    }

    @Test(
        "targets that are made up cost five requests a minute, whatever the provider answers",
        arguments: [
            MachineReply.refused(ProviderError(code: "invalid_request", status: 400)),
            .refused(ProviderError(code: "invalid_target", status: 400)),
            .refused(ProviderError(code: "access_denied", status: 403)),
            .rejected(status: 404, detail: "not found"), .unusable(detail: "no JSON"),
        ])
    func madeUp(reply: MachineReply) async throws {
        requester.answer(.answered(reply, hosts: nil))
        for index in 0..<30 {
            let target = try TokenTarget(resources: ["https://x.example/\(index)"])
            await #expect(throws: TokenFailure.self) {
                try await vault.token(minimumValidity: .seconds(60), for: target, by: 1_234)
            }
        }
        #expect(requester.count == 5)
        requester.answer(.grant("t1"))
        #expect(try await token() == "t1")
        // Another user's targets are counted apart.
        let target = try TokenTarget(scopes: ["b"])
        let other = try await vault.token(minimumValidity: .seconds(60), for: target)
        #expect(other.token.secret.revealedText() == "t1")
    }

    @Test("a target that lacks a source's token, so that nothing was sent, does not count as refused")
    func unsentTargets() async throws {
        let refusal = GrantRefusal(of: .tokenExchange, code: GrantRefusal.sourceFailed, detail: "down")
        requester.answer(.lacksSource(.grantRefused(refusal)))
        for index in 0..<10 {
            let target = try TokenTarget(scopes: ["s\(index)"])
            await #expect(throws: TokenFailure.grantRefused(refusal)) {
                try await vault.token(minimumValidity: .seconds(60), for: target)
            }
        }
        #expect(requester.count == 10)
    }

    @Test("an assertion that a client holds is not taken, and one that was taken goes to no client")
    func assertionsOnce() async throws {
        requester.answer(
            .grant("j1", type: "N_A"), .grant("j2", type: "N_A"), .grant("j3", type: "N_A"), .grant("j4", type: "N_A"))
        #expect(try await token() == "j1")
        #expect(try await taken() == "j2")
        #expect(try await taken() == "j3")
        #expect(try await token() == "j4")
        #expect(try await token() == "j4")
    }

    @Test("a client and two accounts that wait for the same request get three assertions")
    func assertionsAtOnce() async throws {
        requester.answer(.grant("j1", type: "N_A"), .grant("j2", type: "N_A"), .grant("j3", type: "N_A"))
        let gate = Gate()
        requester.hold(at: gate)
        let requests = [Task { try await token() }, Task { try await taken() }, Task { try await taken() }]
        await gate.arrived()
        gate.open()
        var tokens: Set<String> = []
        for request in requests { tokens.insert(try await request.value) }
        #expect(tokens.count == 3)
    }

    @Test("an access token is taken as often as it is valid, also with a client that holds it")
    func accessTokens() async throws {
        requester.answer(.grant("t1"), .grant("t2"))
        #expect(try await token() == "t1")
        #expect(try await taken() == "t1")
    }

    @Test("later requests go to the hosts of the first one")
    func hosts() async throws {
        requester.answer(.grant("t1", expiresIn: 100))
        _ = try await token()
        time.advance(by: .seconds(200))
        _ = try await token()
        #expect(requester.hosts == [nil, ["issuer.example"]])
    }

    @Test("a lock that waits for a request under way tells derived accounts at once")
    func lock() async throws {
        let gate = Gate()
        requester.hold(at: gate)
        let request = Task { try await token() }
        await gate.arrived()
        let lock = Task { await vault.lock(.idle) }
        await eventually { changes.all == [.replaced] }
        gate.open()
        await lock.value
        await #expect(throws: TokenFailure.self) { try await request.value }
    }

    @Test("the hosts outlive a withdrawal, a lock and a logout, and end with the settings")
    func keptHosts() async throws {
        let changes: [() async throws -> Void] = [
            { vault.withdraw(because: .replaced) },
            {
                await vault.lock(); vault.unlock()
            },
            { try await vault.forget(try await vault.signOut()) },
            { vault.settingsChanged() },
        ]
        requester.answer(.grant("t1"))
        _ = try await token()
        for change in changes {
            try await change()
            _ = try await token()
        }
        let known: Set<String> = ["issuer.example"]
        #expect(requester.hosts == [nil, known, known, known, nil])
    }

    @Test("a renewal whose metadata names more hosts does not add them")
    func addedHosts() async throws {
        requester.answer(
            .grant("t1", expiresIn: 100), .grant("t2", expiresIn: 100, hosts: ["issuer.example", "evil.example"]))
        for _ in 0..<3 {
            _ = try await token()
            time.advance(by: .seconds(200))
        }
        #expect(requester.hosts == [nil, ["issuer.example"], ["issuer.example"]])
    }

    @Test("a stored secret is read from the store, and a locked store is reported as such")
    func secret() async throws {
        let other = try MachineTests(needsStore: true)
        other.store.fail(StoreFailure(.locked, "locked"))
        await #expect(throws: TokenFailure.self) { try await other.token() }
        #expect(other.requester.count == 0)
        other.store.fail(nil)
        other.time.advance(by: .seconds(120))
        try await other.vault.storeSecret(SecretBytes("s3cret"), hosts: nil)
        other.requester.answer(.grant("t1"))
        #expect(try await other.token() == "t1")
        #expect(other.requester.secrets == ["s3cret"])
    }

    @Test("a logout names every valid access token and leaves the account ready")
    func logout() async throws {
        requester.answer(.grant("t1"), .grant("t2"), .grant("t3"))
        _ = try await token()
        _ = try await vault.token(minimumValidity: .seconds(60), for: try TokenTarget(scopes: ["b"]))
        let ended = try await vault.signOut()
        #expect(ended.accessToken?.revealedText() == "t1" && ended.others.map { $0.revealedText() } == ["t2"])
        try await vault.forget(ended)
        #expect(try await token() == "t3")
        #expect(changes.all == [.replaced])
    }
}

/// What the account has told those whose tokens are made from its own.
private final class SourceChanges: Sendable {
    private let changes = Mutex<[SourceChange]>([])

    func add(_ change: SourceChange) { changes.withLock { $0.append(change) } }

    var all: [SourceChange] { changes.withLock { $0 } }
}

/// Requests that are answered from a script; the last line repeats.
private final class ScriptedRequester: MachineRequester {
    private struct State {
        var script: [MachineResult] = [.grant("t1")]
        var count = 0
        var renewals: [Bool] = []
        var hosts: [Set<String>?] = []
        var secrets: [String?] = []
        var gate: Gate?
    }

    let needsStore: Bool
    private let account: AccountName
    private let state = Mutex(State())

    init(of account: AccountName, needsStore: Bool) { (self.account, self.needsStore) = (account, needsStore) }

    var count: Int { state.withLock { $0.count } }
    var renewals: [Bool] { state.withLock { $0.renewals } }
    var hosts: [Set<String>?] { state.withLock { $0.hosts } }
    var secrets: [String?] { state.withLock { $0.secrets } }

    func answer(_ script: MachineResult...) { state.withLock { $0.script = script } }

    func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    func credential(stored: Credential?) -> Credential {
        var credential = Credential(
            account: account, generation: stored?.generation ?? 0, issuer: "https://issuer.example",
            clientID: "tv", clientSecret: stored?.clientSecret, refreshToken: nil, scope: ["a"], grantedAt: 0)
        credential.renewal = .request(.clientCredentials)
        return credential
    }

    func request(
        _ credential: Credential, for target: TokenTarget?, claims: String?, mayRenewSource: Bool
    ) async -> MachineResult {
        let (gate, result) = state.withLock { state in
            state.count += 1
            state.renewals.append(mayRenewSource)
            state.hosts.append(credential.endpointHosts)
            state.secrets.append(credential.clientSecret?.revealedText())
            return (state.gate, state.script.count > 1 ? state.script.removeFirst() : state.script[0])
        }
        await gate?.pass()
        return result
    }
}

extension MachineResult {
    fileprivate static func grant(
        _ token: String, type: String = "Bearer", expiresIn: Int = 3600, hosts: Set<String> = ["issuer.example"]
    ) -> Self {
        .answered(
            .granted(TokenGrant(accessToken: SecretBytes(token), tokenType: type, expiresIn: expiresIn)), hosts: hosts)
    }
}

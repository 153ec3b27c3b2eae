import Agent
import AgentAPI
import Configuration
import Glibc
import OAuth
import Synchronization
import System
import TestSupport
import Testing

/// The files of tokens: when they are written, renewed and removed.
@Suite(.timeLimit(.minutes(1)))
struct SinkTests {
    private static let path = "/run/t/work"

    private let work: AccountName
    private let directories: TemporaryDirectory

    init() throws {
        work = try #require(AccountName("work"))
        directories = try TemporaryDirectory()
    }

    /// An agent with these sinks, whose background work runs while the value lives.
    private final class Running: Sendable {
        let fixture: AgentFixture
        let files: FakeSinkFiles
        let runner = CountingRunner()
        let current: CurrentSinks
        private let task: Task<Void, any Error>

        /// Logs in before the background work starts: its timers are not a login's.
        init(
            _ sinks: [SinkSettings], _ directory: String, files: FakeSinkFiles = FakeSinkFiles(), lifetime: Int? = 3600,
            next: FakeProvider.Answer? = nil
        ) async throws {
            let paths = try #require(UserPaths(environment: ["HOME": directory]))
            self.files = files
            current = CurrentSinks(SinkDeclarations(configured: sinks))
            fixture = try AgentFixture(
                sinks: SinkParts(current: current, files: files, programs: runner, added: AddedSinks(paths)))
            if let lifetime {
                fixture.provider.script(.token, .grant(access: "a1", refresh: "r1", expiresIn: lifetime))
                let log = try await fixture.login()
                await fixture.passInterval()
                _ = await log.events()
            }
            if let next { fixture.provider.script(.token, next) }
            task = Task { [fixture] in try await fixture.agent.run() }
        }

        deinit { task.cancel() }

        /// Stops the agent, and waits for its end.
        func stop() async {
            task.cancel()
            _ = await task.result
        }

        /// Has the file's content change.
        func change(of account: AccountName) async throws {
            fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
            _ = try await fixture.agent.rejectToken(account, TokenRequest())
            await holds("a2")
        }

        func replace(_ sinks: [SinkSettings]) {
            current.replace(SinkDeclarations(configured: sinks), readAfter: current.additions)
        }

        func status(_ path: String = SinkTests.path) -> SinkStatus? {
            fixture.agent.listSinks().sinks.first { $0.path == path }
        }

        func holds(_ text: String?, _ path: String = SinkTests.path) async {
            await eventually("\(path) does not hold \(text ?? "nothing")") { self.files.text(path) == text }
        }
    }

    private func running(
        lifetime: Int? = 3600, _ change: (inout SinkSettings) -> Void = { _ in }
    ) async throws -> Running {
        var sink = SinkSettings(account: work, path: Self.path)
        change(&sink)
        return try await Running([sink], directories.path, lifetime: lifetime)
    }

    @Test("the file holds the login's token, and a renewed one before less than min_valid is left, without a request")
    func renewed() async throws {
        let running = try await running()
        await running.holds("a1")
        #expect(running.status()?.expiresAt == running.fixture.time.wall + 3600)
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        // The file must never have less than 300 s left.
        running.fixture.time.advance(by: .seconds(3280))
        await running.holds("a2")
        #expect(running.status()?.state == .ok)
    }

    @Test("a place where no file can be is reported before there is a token, and used as soon as it is repaired")
    func unusablePlace() async throws {
        let files = FakeSinkFiles()
        files.fault = Fault("others may write to /run/t", hint: "name another")
        let running = try await Running(
            [SinkSettings(account: work, path: Self.path)], directories.path, files: files, lifetime: nil)
        await eventually { running.status()?.state == .failed && running.status()?.hint == "name another" }
        files.fault = nil
        running.fixture.time.advance(by: .seconds(5))
        await eventually { running.status()?.state == .waiting }
    }

    @Test("a reload beside 'sink add' neither loses the added sink nor brings back one that has been taken out")
    func reloadBesideAdd() async throws {
        let taken = SinkSettings(account: work, path: "/run/t/taken")
        let running = try await Running([taken], directories.path)
        await running.holds("a1", "/run/t/taken")
        // The reload has read the files, without either; then a sink is added, and the reload applies what it has read.
        let additions = running.current.additions
        var request = SinkRequest(account: work)
        request.path = "/run/t/added"
        _ = try await running.fixture.agent.addSink(request)
        running.current.replace(SinkDeclarations(), readAfter: additions)
        await running.holds(nil, "/run/t/taken")
        #expect(running.fixture.agent.listSinks().sinks.map(\.path) == ["/run/t/added"])
        request.path = "/run/t/second"
        _ = try await running.fixture.agent.addSink(request)
        #expect(running.fixture.agent.listSinks().sinks.map(\.path) == ["/run/t/added", "/run/t/second"])
        #expect(try await running.fixture.agent.removeSink("/run/t/added").removed)
        // A later reload applies what the file has.
        running.current.replace(SinkDeclarations(), readAfter: running.current.additions)
        #expect(running.fixture.agent.listSinks().sinks.isEmpty)
    }

    @Test("a broken entry of sinks.toml is listed as failed with the remedy, and its path is taken")
    func brokenEntry() async throws {
        let running = try await running()
        let error = ConfigurationError(file: "/c/sinks.toml", line: 3, problem: "no such group", hint: "create it")
        let broken = BrokenSink(
            account: work, path: "/run/t/broken", what: .header, source: "/c/sinks.toml:3", error: error)
        running.current.replace(
            SinkDeclarations(
                configured: [SinkSettings(account: work, path: Self.path)], added: [.broken(broken)]),
            readAfter: running.current.additions)
        let status = try #require(running.status("/run/t/broken"))
        #expect(status.state == .failed && status.what == .header)
        #expect(status.detail?.contains("/c/sinks.toml:3: no such group") == true)
        #expect(status.hint?.hasPrefix("create it; then run 'authagent reload'") == true)
        var request = SinkRequest(account: work)
        request.path = "/run/t/broken"
        let refused = await #expect(throws: Problem.self) { try await running.fixture.agent.addSink(request) }
        #expect(refused?.hint?.contains("authagent sink remove /run/t/broken") == true)
        await running.holds("a1")
    }

    @Test("a logout and a lock remove the file before they return; an unlocked agent writes it again")
    func removed() async throws {
        let running = try await running()
        await running.holds("a1")
        _ = try await running.fixture.agent.lock(LockRequest())
        #expect(running.files.text(Self.path) == nil)
        await eventually { running.status()?.state == .waiting && running.status()?.hint?.contains("unlock") == true }
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await running.fixture.agent.unlock(UnlockRequest())
        await running.holds("a2")
        _ = try await running.fixture.agent.logout(work, LogoutRequest())
        #expect(running.files.text(Self.path) == nil)
        await eventually { running.status()?.hint?.contains("authagent login work") == true }
    }

    @Test(
        "while the provider cannot be reached or demands a login, the file stays until the token has expired",
        arguments: [FakeProvider.Answer.failure(.unreachable("no route")), .error("invalid_grant")])
    func outage(answer: FakeProvider.Answer) async throws {
        let running = try await running()
        await running.holds("a1")
        running.fixture.provider.script(.token, answer)
        running.fixture.time.advance(by: .seconds(3480))
        // 120 s are left.
        await eventually { running.status()?.state == .stale }
        #expect(running.files.text(Self.path) == "a1")
        #expect(running.status()?.detail != nil && running.status()?.hint != nil)
        running.fixture.time.advance(by: .seconds(121))
        await running.holds(nil)
        await eventually { running.status()?.state == .waiting }
        #expect(running.status()?.expiresAt == nil)
    }

    @Test("a file system that hangs or fails delays neither requests nor other sinks, and says so")
    func hanging() async throws {
        let other = "/run/t/other"
        let files = FakeSinkFiles()
        files.hang(Self.path)
        let running = try await Running(
            [SinkSettings(account: work, path: Self.path), SinkSettings(account: work, path: other)],
            directories.path, files: files)
        defer { files.release() }
        await running.holds("a1", other)
        #expect(try await running.fixture.agent.token(work, TokenRequest()).accessToken == "a1")
        await eventually("the sink does not say that its file system hangs") {
            running.fixture.time.advance(by: .seconds(1))
            return running.status()?.state == .failed && running.status()?.detail?.contains("does not answer") == true
        }
        #expect(running.status(other)?.state == .ok)
        files.release()
        await running.holds("a1")
        await eventually { running.status()?.state == .ok }
        files.fault = Fault("cannot write: no space left on device", hint: "make room")
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await running.fixture.agent.rejectToken(work, TokenRequest())
        await eventually { running.status()?.hint == "make room" }
        #expect(files.text(Self.path) == "a1")
        files.fault = nil
        await eventually {
            running.fixture.time.advance(by: .seconds(5))
            return files.text(Self.path) == "a2" && running.status()?.state == .ok
        }
    }

    @Test("the program runs once for each change of the content, and not otherwise")
    func program() async throws {
        let running = try await running { $0.onChange = ConfiguredProgram("/bin/true", ["reload"]) }
        await running.holds("a1")
        await eventually { running.runner.count == 1 }
        try await running.fixture.agent.reload()
        for _ in 0..<1000 { await Task.yield() }
        #expect(running.runner.count == 1 && running.files.changes(Self.path) == 1)
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await running.fixture.agent.rejectToken(work, TokenRequest())
        await running.holds("a2")
        await eventually { running.runner.count == 2 }
        #expect(running.status()?.detail == nil)
    }

    @Test("the output of a program that fails, which may be the token, is neither shown nor logged")
    func programOutput() async throws {
        let running = try await running { $0.onChange = ConfiguredProgram("/bin/true") }
        await eventually { running.runner.count == 1 }
        running.runner.behaviour.withLock { $0 = .fails(output: "curl: Bearer a2") }
        try await running.change(of: work)
        await eventually { running.status()?.detail == "on_change: /bin/true: it ended with exit code 1" }
    }

    @Test("a program that still runs ends with the agent, which waits for that")
    func programEnds() async throws {
        let running = try await running { $0.onChange = ConfiguredProgram("/bin/true") }
        await eventually { running.runner.count == 1 }
        running.runner.behaviour.withLock { $0 = .hangs }
        try await running.change(of: work)
        await eventually { running.runner.count == 2 }
        await running.stop()
        #expect(running.runner.cancelled == 1)
    }

    @Test("a reload that drops the sink removes its file; one that changes it writes it anew")
    func reloaded() async throws {
        let running = try await running()
        await running.holds("a1")
        var sink = SinkSettings(account: work, path: Self.path, what: .env)
        (sink.variable, sink.endsWithNewline, sink.hasMeta) = ("TOKEN", true, true)
        running.replace([sink])
        await running.holds("TOKEN=a1\n")
        let expiry = running.fixture.time.wall + 3600
        #expect(running.files.text(Self.path + ".meta") == "{\"account\":\"work\",\"expires_at\":\(expiry)}\n")
        running.replace([])
        await running.holds(nil)
        #expect(running.status() == nil)
        running.replace([sink])
        await running.holds("TOKEN=a1\n")
    }

    @Test("a file of another account, or for other readers, is removed before the new token is requested")
    func changed() async throws {
        let running = try await running()
        await running.holds("a1")
        // The new token cannot come, so that nothing replaces the old one.
        running.fixture.provider.script(.token, .failure(.unreachable("no route")))
        var sink = SinkSettings(account: work, path: Self.path)
        sink.target = try TokenTarget(scopes: ["openid"], audience: "api")
        running.files.fault = Fault("cannot remove: read-only file system", hint: "mount it anew")
        running.replace([sink])
        await eventually { running.status()?.hint == "mount it anew" }
        #expect(running.files.text(Self.path) == "a1")
        let other = try #require(AccountName("other"))
        running.replace([SinkSettings(account: other, path: Self.path)])
        // The file is still one of the first account.
        let reply = try await running.fixture.agent.logout(work, LogoutRequest(local: true))
        #expect(reply.filesLeft == [Self.path])
        running.files.fault = nil
        await eventually {
            running.fixture.time.advance(by: .seconds(5))
            return running.files.text(Self.path) == nil
        }
    }

    @Test("what an earlier agent has left for another declaration of the path does not stay without a new token")
    func leftByAnother() async throws {
        var sink = SinkSettings(account: work, path: Self.path)
        let left = RecordedSink(identity: sink.identity, expiresAt: 1_800_000_000 + 600)
        sink.target = try TokenTarget(scopes: ["openid"], audience: "api")
        let running = try await Running(
            [sink], directories.path, files: FakeSinkFiles(recorded: [Self.path: left]),
            next: .failure(.unreachable("no route")))
        await running.holds(nil)
        await eventually { running.status()?.state == .waiting }
        #expect(running.status()?.expiresAt == nil)
    }

    @Test("a lock during a write that hangs names the file; when the write comes to its end, it leaves nothing")
    func lockedWhileHanging() async throws {
        let files = FakeSinkFiles()
        files.hang(Self.path)
        defer { files.release() }
        let running = try await Running(
            [SinkSettings(account: work, path: Self.path)], directories.path, files: files)
        await eventually { files.hung == 1 }
        // The next write waits behind the one that hangs.
        await eventually {
            running.fixture.time.advance(by: .seconds(1))
            return running.status()?.state == .failed
        }
        let (replies, reply) = AsyncStream.makeStream(of: LockReply.self)
        let agent = running.fixture.agent
        let locking = Task {
            reply.yield(try await agent.lock(LockRequest()))
            reply.finish()
        }
        let clock = Task { [fixture = running.fixture] in
            while !Task.isCancelled {
                fixture.time.advance(by: .seconds(1))
                await Task.yield()
            }
        }
        let first = await replies.first { _ in true }
        clock.cancel()
        await clock.value
        try await locking.value
        #expect(first == LockReply(locked: true, filesLeft: [Self.path]))
        files.release()
        // Without another attempt: time stands still.
        await eventually { files.removals > 0 }
        #expect(files.text(Self.path) == nil && files.changes(Self.path) == 0)
    }

    @Test("the file of a sink that was taken out is removed again and again until it is gone, and listed meanwhile")
    func removedLater() async throws {
        let running = try await running()
        await running.holds("a1")
        running.files.fault = Fault("cannot remove: read-only file system", hint: "mount it anew")
        running.replace([])
        await eventually { running.status()?.state == .failed }
        #expect(running.status()?.hint == "mount it anew")
        #expect(try await running.fixture.agent.lock(LockRequest()).filesLeft == [Self.path])
        running.files.fault = nil
        await eventually {
            running.fixture.time.advance(by: .seconds(5))
            return running.files.text(Self.path) == nil && running.status() == nil
        }
        // A later declaration of the path is not disturbed by an earlier removal.
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await running.fixture.agent.unlock(UnlockRequest())
        running.replace([SinkSettings(account: work, path: Self.path)])
        await running.holds("a2")
    }

    @Test("each kind of content is what a program expects of it")
    func contents() async throws {
        let paths: [(SinkContentKind, String)] = [
            (.accessToken, "a1"), (.header, "Authorization: Bearer a1"),
            (
                .json,
                #"{"access_token":"a1","account":"work","expires_at":1800003605,"scope":"openid","#
                    + #""token_type":"Bearer"}"#
            ),
        ]
        let running = try await Running(
            paths.map { SinkSettings(account: work, path: "/run/t/\($0.0.rawValue)", what: $0.0) }, directories.path)
        for (kind, text) in paths { await running.holds(text, "/run/t/\(kind.rawValue)") }
    }

    @Test("what a killed agent has left is removed: without a declaration at once, without a login once it has expired")
    func leftovers() async throws {
        let wall = 1_800_000_000
        let left = RecordedSink(
            identity: SinkSettings(account: work, path: Self.path).identity, expiresAt: wall + 600)
        let files = FakeSinkFiles(recorded: ["/run/t/dropped": left, Self.path: left])
        let running = try await Running(
            [SinkSettings(account: work, path: Self.path)], directories.path, files: files, lifetime: nil)
        await running.holds(nil, "/run/t/dropped")
        // Without an account, no token can come.
        await running.holds(nil)
        await eventually { running.status()?.state == .waiting }
        #expect(running.status()?.hint?.contains("authagent login work") == true)
    }

    @Test("short-lived tokens are renewed after half of their life, without a request at each moment")
    func shortLived() async throws {
        let running = try await running(lifetime: 120)
        await running.holds("a1")
        #expect(running.status()?.state == .ok)
        running.fixture.provider.script(.token, .grant(access: "a2", refresh: "r2", expiresIn: 120))
        let before = running.fixture.provider.requests(.token).count
        running.fixture.time.advance(by: .seconds(62))
        await running.holds("a2")
        #expect(running.fixture.provider.requests(.token).count == before + 1)
    }

    @Test("a sink is added and removed by request, in sinks.toml; what cannot be is refused, and nothing is written")
    func request() async throws {
        let running = try await Running([SinkSettings(account: work, path: Self.path)], directories.path)
        let agent = running.fixture.agent
        let added = directories.path + "/.config/authagent/sinks.toml"
        await running.holds("a1")
        func problem(_ request: SinkRequest) async -> Problem? {
            do throws(Problem) {
                _ = try await agent.addSink(request)
                return nil
            } catch { return error }
        }
        var request = SinkRequest(account: work)
        request.path = Self.path
        #expect(await problem(request)?.detail.contains("is a sink already") == true)
        request.path = "relative"
        #expect(await problem(request)?.detail.contains("absolute path") == true)
        request.path = directories.path + "/.config/authagent/token"
        #expect(await problem(request)?.detail.contains("among the agent's own") == true)
        request.path = "/run/t/added"
        running.files.fault = Fault("others may write to /run/t", hint: "name another directory")
        #expect(await problem(request)?.hint == "name another directory")
        running.files.fault = nil
        #expect(access(added, F_OK) != 0)
        request.what = .header
        let status = try await agent.addSink(request)
        #expect(status.state == .ok && status.source == added + ":3")
        #expect(running.files.text("/run/t/added") == "Authorization: Bearer a1")
        #expect(await problem(request)?.hint?.contains("authagent sink remove /run/t/added") == true)
        #expect(try await agent.removeSink("/run/t/added") == SinkRemoval(path: "/run/t/added", removed: true))
        #expect(running.files.text("/run/t/added") == nil)
        #expect(agent.listSinks().sinks.map(\.path) == [Self.path])
        for path in [Self.path, "/run/t/added"] {
            await #expect(throws: Problem.self) { try await agent.removeSink(path) }
        }
    }
}

import AgentAPI
import Foundation
import KeyringProtocol
import KeyringStore
import SecretMemory
import TestSupport
import Testing
import Vault

/// The agent's messages with keyring helpers, which are scripts here.
@Suite struct HelperProtocolTests {
    private let files: TemporaryDirectory
    private let record: StoredRecord

    init() throws {
        files = try TemporaryDirectory()
        let work = try #require(AccountName("work"))
        record = StoredRecord(
            key: RecordKey(account: work, purpose: .login), issuer: "https://a.example",
            secret: SecretBytes("secret-" + String(repeating: "x", count: 1_000_000)))
    }

    /// A store with this Python program as its helper; `frame` and `ready` are predefined.
    private func store(_ program: String, deadline: Duration = .seconds(60)) async throws -> KeyringStore {
        let python = try MissingProgram.require("python3", package: "python3")
        let greeting = String(decoding: KeyringGreeting.message, as: UTF8.self)
        let path = files.path + "/helper"
        let script = """
            #!\(python)
            import os, sys, time
            def frame(text): os.write(1, len(text).to_bytes(4, "big") + text)
            def ready(): frame(b"\(greeting)")
            def job():
                size = int.from_bytes(sys.stdin.buffer.read(4), "big")
                return sys.stdin.buffer.read(size)
            \(program)
            """
        // Written by another process: a file that a child has inherited open for writing cannot be executed.
        let write = try await ChildProcess.run(
            "/bin/sh", ["-c", #"cat >"$1" && chmod 700 "$1""#, "sh", path], input: script)
        try #require(write.status == 0, "\(write.errors)")
        return KeyringStore(helper: path, environment: [:], deadline: deadline)
    }

    private func failure(_ store: KeyringStore) async -> StoreFailure? {
        do throws(StoreFailure) { try await store.save(record) } catch { return error }
        return nil
    }

    @Test("a helper gets its job only after its greeting")
    func notBefore() async throws {
        let program = """
            import fcntl, select
            early = select.select([0], [], [], 1)[0]
            ready()
            got = job()
            frame(b'{"state":"failed","detail":"%s %d"}' % (b"early" if early else b"later", len(got) > 1000000))
            """
        #expect(await failure(try await store(program))?.detail == "later 1")
    }

    @Test("a helper of another version gets no job, and the failure suggests the cause")
    func otherVersion() async throws {
        let silent = try await store("job()", deadline: .milliseconds(500))
        let failure = try #require(await failure(silent))
        #expect(failure.state == .failed)
        #expect(failure.detail.contains("did not start"), "\(failure.detail)")
        #expect(failure.detail.contains("check that it has the same version"))
        for program in [#"frame(b"authagent-keyring 1 ready")"#, #"os.write(1, b'{"state":"ok"}' * 100)"#] {
            let program = program + "\nos.write(1, job())"
            let failure = try #require(await self.failure(try await store(program)))
            #expect(failure.state == .failed)
            #expect(failure.detail.contains("check that it has the same version"), "\(program): \(failure.detail)")
        }
    }

    @Test(
        "a helper that ends or is killed at any step is reported as such",
        arguments: [
            "sys.exit(0)", "os.kill(os.getpid(), 9)", "ready(); sys.exit(3)", "ready(); os.kill(os.getpid(), 9)",
            "ready(); os.read(0, 5); os.kill(os.getpid(), 9)", "ready(); job(); sys.exit(0)",
            "ready(); job(); os.write(1, b'\\0\\0'); os.kill(os.getpid(), 9)",
            "ready(); job(); os.write(1, b'\\0\\0\\1\\0{'); os.kill(os.getpid(), 9)",
        ])
    func ends(program: String) async throws {
        let failure = try #require(await failure(try await store(program)))
        #expect(failure.state == .failed)
        #expect(failure.detail.contains("ended early"), "\(failure.detail)")
    }

    @Test(
        "a reply of a helper is bounded and valid, or a failure",
        arguments: [
            // A length of 4 GiB, and one byte more than the limit.
            "os.write(1, b'\\xff\\xff\\xff\\xff')", "os.write(1, (32 * 1024 * 1024 + 1).to_bytes(4, 'big'))",
            "frame(b'')", "frame(b'{}')", "frame(b'\\xff\\x00garbage')", "frame(b'[' * 100000)",
            "frame(b'{\"state\":\"ok\",\"records\":[{\"account\":1}]}')", "frame(b'{\"state\":\"excellent\"}')",
            "frame(b'{\"state\":\"asking\"}')\nframe(b'{\"state\":\"asking\"}')",
        ])
    func garbage(reply: String) async throws {
        let failure = try #require(await failure(try await store("ready()\njob()\n\(reply)\ntime.sleep(60)")))
        #expect(failure.state == .failed)
        #expect(failure.detail.contains("cannot read the keyring helper's reply"), "\(failure.detail)")
    }

    @Test(
        "a silent or too talkative helper is killed at the deadline",
        arguments: [
            "ready()\ntime.sleep(600)", "ready()\njob()\ntime.sleep(600)",
            "ready()\njob()\nos.write(1, (1 << 24).to_bytes(4, 'big'))\nwhile True: time.sleep(1)",
        ])
    func endless(program: String) async throws {
        // Long enough for a busy machine to start it.
        let store = try await store(
            "open(sys.argv[0] + '.pid', 'w').write(str(os.getpid()))\n" + program, deadline: .seconds(60))
        #expect(await failure(store)?.state == .hung)
        let pid = try #require(Int32(try String(contentsOfFile: files.path + "/helper.pid", encoding: .utf8)))
        #expect(kill(pid, 0) != 0 && errno == ESRCH, "it is left behind")
    }

    @Test("a helper that sends more than its reply has replied, and is not waited for")
    func more() async throws {
        let store = try await store(
            "ready()\njob()\nframe(b'{\"state\":\"ok\"}')\nos.write(1, b'x' * 50000)\ntime.sleep(600)")
        #expect(await failure(store) == nil)
    }

    @Test("a cancelled caller ends its helper")
    func cancelled() async throws {
        let store = try await store("open(sys.argv[0] + '.pid', 'w').write(str(os.getpid()))\nready()\ntime.sleep(600)")
        let task = Task { await store.probe().state }
        await eventually("the helper does not run") {
            FileManager.default.contents(atPath: self.files.path + "/helper.pid")?.isEmpty == false
        }
        task.cancel()
        #expect(await task.value == .hung)
        let pid = try #require(Int32(try String(contentsOfFile: files.path + "/helper.pid", encoding: .utf8)))
        await eventually("it is left behind") { kill(pid, 0) != 0 && errno == ESRCH }
    }

    @Test("a keyring that hangs is named: the helper reports the program first")
    func namedWhenHung() async throws {
        let program = """
            ready()
            job()
            frame(b'{"state":"asking","program":"keepassxc"}')
            time.sleep(600)
            """
        let failure = try #require(await failure(try await store(program, deadline: .seconds(5))))
        #expect(failure.state == .hung)
        #expect(failure.program == "keepassxc")
    }

    /// A lasting helper that records its process ID for each job.
    private static let staying = """
        ready()
        while True:
            if not job(): sys.exit(0)
            open(sys.argv[0] + ".jobs", "a").write("%d\\n" % os.getpid())
            frame(b'{"state":"ok","stays":true}')
        """

    private func jobs() -> [Int32] {
        let text = try? String(contentsOfFile: files.path + "/helper.jobs", encoding: .utf8)
        return text?.split(separator: "\n").compactMap { Int32($0) } ?? []
    }

    @Test("a lasting helper does the next jobs, one after the other, and ends with its store")
    func stays() async throws {
        var store: KeyringStore? = try await store(Self.staying)
        #expect(await store?.probe().state == .ok)
        let record = record
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { [store] in try? await store?.save(record) } }
        }
        #expect(jobs().count == 21)
        #expect(Set(jobs()).count == 1)
        store = nil
        let pid = try #require(jobs().first)
        await eventually("it is left behind") { kill(pid, 0) != 0 && errno == ESRCH }
    }

    @Test("after a lasting helper was killed, a new one does the next job")
    func stayedAndKilled() async throws {
        let store = try await store(Self.staying)
        #expect(await store.probe().state == .ok)
        let first = try #require(jobs().first)
        kill(first, SIGKILL)
        #expect(await failure(store) == nil)
        #expect(jobs().count == 2 && jobs().last != first)
    }

    @Test("a stopped lasting helper costs one job its deadline: it is killed, the next job is done")
    func stayedAndStopped() async throws {
        let store = try await store(Self.staying, deadline: .seconds(5))
        await eventually("it does not stay") { await store.probe().state == .ok }
        let first = try #require(jobs().last)
        kill(first, SIGSTOP)
        #expect(await failure(store)?.state == .hung)
        await eventually("it is left behind") { kill(first, 0) != 0 && errno == ESRCH }
        await eventually("no other one is started") { await failure(store) == nil }
        #expect(jobs().last != first)
    }

    @Test("a cancelled caller leaves the lasting helper running for the others")
    func stayedAndCancelled() async throws {
        let waits = Self.staying.replacing(
            "if not job(): sys.exit(0)",
            with: """
                if not job(): sys.exit(0)
                    while os.path.exists(sys.argv[0] + ".wait"): time.sleep(0.01)
                """)
        let store = try await store(waits)
        #expect(await store.probe().state == .ok)
        let wait = try files.file("helper.wait", "")
        let task = Task { await store.probe().state }
        let next = Task { await store.probe().state }
        task.cancel()
        #expect(await task.value == .hung)
        try FileManager.default.removeItem(atPath: wait)
        #expect(await next.value == .ok)
        #expect(Set(jobs()).count == 1)
    }
}

import DemoIssuer
import Foundation
import Synchronization
import TestSupport
import Testing

/// An agent that is killed while it requests a token without a person: there is nothing to recover, and nothing left.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MachineKillTests {
    /// A home with an account whose token is exchanged from another one's.
    private struct Trial: Sendable {
        let demo: DemoMachines

        init() async throws {
            demo = try await DemoMachines()
            try demo.writeService()
            try demo.writeExchange("derived", of: "service")
        }

        /// Requests the token of an agent that is killed as its call of this number begins, counted from the request;
        /// 0: never. Returns whether it was killed.
        func run(killingAt number: Int) async throws -> Bool {
            let record = demo.home.files.path + "/calls"
            let agent = try ChildProcess(
                try BuildProducts.path("kill-at-syscall"), [record, "\(number)", try BuildProducts.path("authagentd")],
                environment: demo.home.environment, input: nil)
            await eventually("the agent does not serve: \(agent.errorsSoFar)") {
                agent.errorsSoFar.contains("serving") || !agent.isRunning
            }
            agent.signal(SIGUSR1)
            await eventually("the calls are not counted") { agent.outputSoFar.contains("armed") || !agent.isRunning }
            let request = try ChildProcess(
                try MissingProgram.require("curl", package: "curl"),
                ["-sS", "--unix-socket", demo.home.socket, "http://localhost/v1/accounts/derived/token"],
                environment: ChildProcess.programEnvironment)
            await eventually("the request does not end: \(agent.errorsSoFar)") {
                !agent.isRunning || !request.isRunning
            }
            await demo.home.killDaemon()
            _ = await agent.result()
            _ = await request.result()
            return try String(contentsOfFile: record, encoding: .utf8).contains("killed\n")
        }

        /// Every file of the home but what an agent that runs has, with its content.
        func files() throws -> [String: Data] {
            let root = demo.home.files.path
            let passing = ["calls", "state/authagent/agent.lock", "state/authagent/authagentd.log"]
            var files: [String: Data] = [:]
            for path in try FileManager.default.subpathsOfDirectory(atPath: root)
            where !passing.contains(path) && !path.hasPrefix("run/") {
                files[path] = FileManager.default.contents(atPath: root + "/" + path) ?? Data()
            }
            return files
        }
    }

    /// What the trials share: the next number, the first that killed nothing, and how many killed.
    private final class Progress: Sendable {
        let next = Mutex(1)
        let end = Mutex(Int.max)
        let kills = Mutex(0)
    }

    @Test("killed at any call of an exchange, an agent leaves the files as they were; the next gets a token")
    func everyCall() async throws {
        let progress = Progress()
        try await withThrowingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask {
                    let trial = try await Trial()
                    _ = try await trial.run(killingAt: 0)
                    let before = try trial.files()
                    #expect(before.keys.allSatisfy { !$0.contains("journal/") }, "\(before.keys.sorted())")
                    while true {
                        let number = progress.next.withLock { next in
                            defer { next += 1 }
                            return next
                        }
                        // Threads take turns differently each time: a few numbers behind the first that kills nothing.
                        guard number < progress.end.withLock({ $0 }) else { break }
                        if try await trial.run(killingAt: number) {
                            progress.kills.withLock { $0 += 1 }
                        } else {
                            progress.end.withLock { $0 = min($0, number + 6) }
                        }
                        let after = try trial.files()
                        #expect(after == before, "killed at call \(number): \(after.keys.sorted())")
                    }
                    #expect(try await trial.demo.home.authagent("token", "derived").status == 0)
                    #expect(trial.demo.issuer.refreshCount == 0)
                }
            }
            try await group.waitForAll()
        }
        #expect(progress.kills.withLock { $0 } > 50, "an exchange is more calls than \(progress.kills.withLock { $0 })")
    }
}

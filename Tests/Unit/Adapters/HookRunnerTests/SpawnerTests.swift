import Agent
import Configuration
import Foundation
import HookRunner
import Synchronization
import System
import TestSupport
import Testing

/// What the spawner accepts from the agent, and what the agent makes of a spawner that fails.
struct SpawnerTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func script(_ name: String, _ text: String) throws -> ConfiguredProgram {
        ConfiguredProgram(try files.file(name, "#!/bin/sh\n\(text)\n", mode: 0o700))
    }

    @Test("a program that no list has is not run, and the fault has the remedy")
    func unlisted() async throws {
        let programs = SpawnedPrograms()
        let result = await HookRunner(programs.spawner).run(
            ConfiguredProgram("/bin/echo", ["x"]), input: [], within: .seconds(60))
        guard case .notStarted(let fault) = result.end else {
            Issue.record("\(result)")
            return
        }
        #expect(fault.hint.hasPrefix("run 'authagent reload'"))
    }

    @Test("other programs in the files than the agent has read are an error, and none of them can be run")
    func mismatch() async throws {
        let programs = SpawnedPrograms()
        let configured = ConfiguredProgram("/bin/echo", ["theirs"])
        programs.configured.withLock { $0 = [configured] }
        let error = try await #require(throws: Fault.self) {
            _ = try await programs.spawner.read(.settings, expecting: [ConfiguredProgram("/bin/echo", ["mine"])])
        }
        #expect(error.problem == "the configuration was changed while it was read")
        for program in [configured, ConfiguredProgram("/bin/echo", ["mine"])] {
            let result = await HookRunner(programs.spawner).run(program, input: [], within: .seconds(60))
            #expect(!result.isSuccess)
        }
    }

    @Test("a failed reload leaves the programs in force, and a retired list has none")
    func lists() async throws {
        let programs = SpawnedPrograms()
        let (first, second) = (ConfiguredProgram("/bin/echo", ["1"]), ConfiguredProgram("/bin/echo", ["2"]))
        #expect(await programs.run(first, input: [], within: .seconds(60)).output == ["1"])
        programs.configured.withLock { $0 = [second] }
        _ = try await programs.spawner.read(.settings, expecting: [second])
        let runner = HookRunner(programs.spawner)
        #expect(await runner.run(first, input: [], within: .seconds(60)).output == ["1"])
        programs.spawner.retire(.settings, before: [second])
        #expect(await runner.run(first, input: [], within: .seconds(60)).isSuccess == false)
        #expect(await runner.run(second, input: [], within: .seconds(60)).output == ["2"])
        programs.configured.withLock { $0 = [] }
        _ = try await programs.spawner.read(.settings, expecting: [])
        programs.spawner.retire(.settings, before: [])
        #expect(await runner.run(second, input: [], within: .seconds(60)).isSuccess == false)
    }

    /// A spawner of which the test has the agent's end.
    private func spawner(_ programs: [ConfiguredProgram]) throws -> MessageChannel {
        let (own, others) = try #require(MessageChannel.pair())
        let spawner = Spawner(others, environment: [:]) { _ in programs }
        #expect(WorkerThread.start(named: "test-spawner") { spawner.serve() })
        return own
    }

    private func report(_ channel: MessageChannel) -> SpawnerReport? {
        guard let message = channel.receive(limit: SpawnerReport.longest) else { return nil }
        return SpawnerReport.parse(message.bytes)?.report
    }

    @Test("a number beyond the list, an unknown list and an input that can be changed are refused")
    func refused() throws {
        let program = ConfiguredProgram("/bin/true")
        let channel = try spawner([program])
        let digest = ProgramDigest(of: [program], from: .settings)
        #expect(channel.send(SpawnerOrder.read(.settings, digest).bytes(1), waits: true) == nil)
        #expect(report(channel) == .read(nil))
        guard let input = MemoryFile.holding([]) else {
            Issue.record("no descriptor is free")
            return
        }
        let plain = open(try files.file("plain", "facts"), O_RDONLY)
        defer { close(plain) }
        let other = try #require(ProgramDigest([UInt8](repeating: 7, count: ProgramDigest.size)))
        let refused: [(ProgramPlace, Int32)] = [
            (ProgramPlace(list: digest, number: 1), input.raw), (ProgramPlace(list: other, number: 0), input.raw),
            (ProgramPlace(list: digest, number: 0), -1), (ProgramPlace(list: digest, number: 0), plain),
        ]
        for (place, file) in refused {
            #expect(channel.send(SpawnerOrder.run(place, within: 60_000).bytes(2), file: file, waits: true) == nil)
            guard case .ended(let result)? = report(channel), case .notStarted = result.end else {
                Issue.record("\(place) with \(file)")
                continue
            }
        }
        let order = SpawnerOrder.run(ProgramPlace(list: digest, number: 0), within: 60_000)
        #expect(channel.send(order.bytes(3), file: input.raw, waits: true) == nil)
        #expect(report(channel) == .ended(ProgramResult(.exited(0))))
    }

    @Test(
        "what is not an order ends the spawner",
        arguments: [
            [0], [9, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0], [2, 0], [UInt8](repeating: 1, count: 100),
            [UInt8](repeating: 2, count: 4096),
        ] as [[UInt8]])
    func notAnOrder(bytes: [UInt8]) throws {
        let channel = try spawner([])
        #expect(channel.send(bytes, waits: true) == nil)
        #expect(report(channel) == nil && channel.hasEnded)
    }

    @Test("every prefix of a report and of an order is refused, and the whole one is read as it was")
    func prefixes() throws {
        let digest = ProgramDigest(of: [], from: .added)
        let orders: [SpawnerOrder] = [
            .run(ProgramPlace(list: digest, number: 3), within: 4), .cancel, .read(.added, digest),
            .retire(before: digest),
        ]
        for order in orders {
            let bytes = order.bytes(5)
            #expect(bytes.count <= SpawnerOrder.longest)
            #expect(SpawnerOrder.parse(bytes)?.order == order)
            #expect(SpawnerOrder.parse(bytes)?.id == 5)
            for count in bytes.indices { #expect(SpawnerOrder.parse(Array(bytes.prefix(count))) == nil) }
            #expect(SpawnerOrder.parse(bytes + [0]) == nil)
        }
        let reports: [SpawnerReport] = [
            .ended(ProgramResult(.exited(-1), output: ["a", "\u{e9}"])), .ended(ProgramResult(.signalled(9))),
            .ended(ProgramResult(.timedOut)), .ended(ProgramResult(.cancelled)),
            .ended(ProgramResult(.notStarted(Fault("p", hint: "h")))), .read(nil), .read(Fault("p", hint: "h")),
        ]
        for report in reports {
            let bytes = report.bytes(5)
            #expect(SpawnerReport.parse(bytes)?.report == report)
            for count in bytes.indices { #expect(SpawnerReport.parse(Array(bytes.prefix(count))) == nil) }
        }
    }

    @Test("a report that claims more lines than it has is refused at once")
    func manyLines() {
        let bytes = SpawnerReport.ended(ProgramResult(.exited(0))).bytes(1).dropLast(4) + [255, 255, 255, 255]
        #expect(SpawnerReport.parse(Array(bytes)) == nil)
    }

    @Test("the end of the spawner ends a run that waits, and is a fault from then on")
    func end() async throws {
        let (own, others) = try #require(MessageChannel.pair())
        let spawner = ProgramSpawner(own)
        let program = ConfiguredProgram("/bin/true")
        let answering = WorkerThread.start(named: "test-spawner") {
            guard let message = others.receive(limit: SpawnerOrder.longest),
                let (id, _) = SpawnerOrder.parse(message.bytes)
            else { return }
            _ = others.send(SpawnerReport.read(nil).bytes(id), waits: true)
            _ = others.receive(limit: SpawnerOrder.longest)
            others.close()
        }
        #expect(answering)
        _ = try await spawner.read(.settings, expecting: [program])
        #expect(spawner.fault == nil)
        let result = await HookRunner(spawner).run(program, input: [], within: .seconds(600))
        #expect(result.problem == "the process that runs hooks has ended")
        #expect(spawner.fault?.hint == "run 'authagent stop', and the next command starts a new agent")
    }

    @Test("a spawner that does not answer is waited for no longer than the program may take and a little")
    func silence() async throws {
        let (own, others) = try #require(MessageChannel.pair())
        let spawner = ProgramSpawner(own, patience: .milliseconds(50))
        let program = ConfiguredProgram("/bin/true")
        let answering = WorkerThread.start(named: "test-spawner") {
            guard let message = others.receive(limit: SpawnerOrder.longest),
                let (id, _) = SpawnerOrder.parse(message.bytes)
            else { return }
            _ = others.send(SpawnerReport.read(nil).bytes(id), waits: true)
        }
        #expect(answering)
        _ = try await spawner.read(.settings, expecting: [program])
        let result = await HookRunner(spawner).run(program, input: [], within: .milliseconds(1))
        #expect(result.problem == "the process that runs hooks does not answer")
        withExtendedLifetime(others) {}
    }

    @Test("programs end when the agent's end of the connection is closed")
    func agentEnds() async throws {
        let programs = SpawnedPrograms()
        let program = try script("hook", "echo $$ > \(files.path)/self; sleep 600")
        let run = Task { await programs.run(program, input: [], within: .seconds(600)) }
        await eventually { FileManager.default.fileExists(atPath: files.path + "/self") }
        programs.spawner.close()
        #expect(await run.value.isSuccess == false)
        let pid = try String(contentsOfFile: files.path + "/self", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        await eventually {
            let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            return stat.isEmpty || stat.contains(") Z")
        }
    }
}

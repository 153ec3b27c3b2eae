import Foundation
import TestSupport
import Testing

/// Callers that open as many connections as they can.
@Suite(.timeLimit(.minutes(10)))
struct ConnectionCapTests {
    private static func open(_ pid: Int32) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []).count
    }

    private static let strangers = [UInt32](64_021...64_026)

    /// Opens connections, keeps those that stay open, and prints a line once no more are accepted.
    private static let holder = """
        import socket, sys, select
        held = []
        socket.setdefaulttimeout(20)
        def open_one():
            one = socket.socket(socket.AF_UNIX)
            one.connect(sys.argv[1])
            held.append(one)
        def prune():
            poll = select.poll()
            for one in held: poll.register(one, select.POLLIN | select.POLLHUP)
            gone = {fd for fd, _ in poll.poll(0)}
            for one in [one for one in held if one.fileno() in gone]:
                held.remove(one)
                one.close()
            return len(gone)
        import resource, time
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        full = 0
        while full < 3:
            try:
                for _ in range(64): open_one()
            except OSError:
                pass
            time.sleep(0.05)
            # All that were opened last were refused.
            full = full + 1 if prune() >= 48 else 0
        print("full", len(held), flush=True)
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            try: open_one()
            except OSError: pass
            prune()
        """

    @Test(
        "if six users open all the connections they can, the agent's user and root are served; logged once",
        arguments: [1024, 20_000])
    func flood(descriptors: Int) async throws {
        let agent = try await RootAgent(
            rules: (Self.strangers + [RootAgent.neighbour]).map { RootAgent.rule("work", "uid = \($0)") }.joined(),
            nofile: descriptors)
        // Includes the connections of this test.
        let own = Self.open(agent.daemon.pid)
        let python = try MissingProgram.require("python3", package: "python3")
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        var holders: [ChildProcess] = []
        for user in Self.strangers {
            holders.append(
                try ChildProcess(
                    setpriv,
                    ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", python, "-c", Self.holder, agent.socket],
                    environment: ChildProcess.programEnvironment, input: nil))
        }
        // While the others connect, and afterwards.
        #expect(try await agent.demo.home.authagent("token", "work").status == 0)
        await eventually(within: .seconds(240), "not all callers hold their share") {
            holders.allSatisfy { $0.outputSoFar.contains("full ") }
        }
        for _ in 0..<5 { #expect(try await agent.demo.home.authagent("token", "work").status == 0) }
        #expect(try await agent.demo.home.authagent("status").status == 0)
        // The others share at most half; connections that are being refused add to it.
        await eventually { (descriptors / 4...descriptors * 5 / 8).contains(Self.open(agent.daemon.pid) - own) }
        let said = agent.daemon.errorsSoFar.split(separator: "\n").filter { $0.contains("connections are refused") }
        #expect((1...10).contains(said.count), "\(said)")
        for holder in holders { holder.closeInput() }
        for holder in holders { _ = await holder.result() }
        await eventually { (try? await agent.ask(RootAgent.neighbour).hasPrefix("200 ")) == true }
    }
}

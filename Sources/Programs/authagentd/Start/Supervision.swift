internal import Agent
internal import AgentAPI
internal import Glibc
internal import ServiceLifecycle
internal import System
internal import UnixSignals

/// What the daemon owes its supervisor: readiness, signs of life, and SIGHUP.
struct Supervision: Service {
    let agent: Agent
    let readiness: Readiness
    let environment: [String: String]
    /// Those since the start of the process count.
    let hangups: UnixSignalsSequence

    func run() async throws {
        readiness.ready()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                if let interval = watchdogInterval { group.addTask { await feedWatchdog(every: interval) } }
                for await _ in hangups {
                    // The agent logs what was wrong; the old configuration stays.
                    try? await agent.reload()
                }
                group.cancelAll()
            }
        }
        ServiceNotification.send("STOPPING=1", environment: environment)
    }

    /// Half of what sd_watchdog_enabled(3) allows; nil when nobody watches, so that an idle daemon sleeps.
    private var watchdogInterval: Duration? {
        guard let text = environment["WATCHDOG_USEC"], let limit = Int64(text), limit > 0 else { return nil }
        if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
        return .microseconds(limit / 2)
    }

    private func feedWatchdog(every interval: Duration) async {
        while !Task.isCancelled {
            // Asks the agent for something that takes its locks: a daemon that is stuck must not look alive.
            _ = await agent.health()
            ServiceNotification.send("WATCHDOG=1", environment: environment)
            try? await Task.sleep(for: interval)
        }
    }
}

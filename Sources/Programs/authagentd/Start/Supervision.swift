internal import Agent
internal import AgentAPI
internal import Glibc
internal import ServiceLifecycle
internal import System
internal import UnixSignals

/// The daemon's interface to its supervisor: readiness, watchdog notifications, and SIGHUP.
struct Supervision: Service {
    let agent: Agent
    let readiness: Readiness
    let environment: [String: String]
    /// Includes the signals since the start of the process.
    let hangups: UnixSignalsSequence

    func run() async throws {
        readiness.ready()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                if let interval = watchdogInterval { group.addTask { await feedWatchdog(every: interval) } }
                for await _ in hangups {
                    // The agent logs an error; the old configuration stays in force.
                    try? await agent.reload()
                }
                group.cancelAll()
            }
        }
        ServiceNotification.send("STOPPING=1", environment: environment)
    }

    /// Half of the interval of sd_watchdog_enabled(3); `nil` without a watchdog, so that an idle daemon sleeps.
    private var watchdogInterval: Duration? {
        guard let text = environment["WATCHDOG_USEC"], let limit = Int64(text), limit > 0 else { return nil }
        if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
        return .microseconds(limit / 2)
    }

    private func feedWatchdog(every interval: Duration) async {
        while !Task.isCancelled {
            // A health request takes the agent's locks: a deadlocked daemon must not look alive.
            _ = await agent.health()
            ServiceNotification.send("WATCHDOG=1", environment: environment)
            try? await Task.sleep(for: interval)
        }
    }
}

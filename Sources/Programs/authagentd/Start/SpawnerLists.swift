internal import Configuration
internal import HookRunner
internal import Logging
internal import System

/// Keeps the spawner's lists of programs in step with the settings in force.
struct SpawnerLists: Sendable {
    private let spawner: ProgramSpawner
    private let logger: Logger

    /// Without its spawner, the agent serves on: the log, the doctor and `status --security` say what is missing.
    init(_ spawner: ProgramSpawner, logger: Logger) {
        (self.spawner, self.logger) = (spawner, logger)
        spawner.whenEnded { [self] fault in log(fault) }
    }

    /// That of a read. The end of the spawner is in the log already.
    private func note(_ fault: Fault?) { if let fault, spawner.fault == nil { log(fault) } }

    private func log(_ fault: Fault) {
        logger.error("hooks do not run", metadata: ["problem": "\(fault.problem)", "hint": "\(fault.hint)"])
    }

    /// Has the spawner read what the settings were read from. Throws if it finds other programs there.
    func read(_ settings: DaemonSettings) async throws(ConfigurationError) {
        do throws(Fault) {
            note(try await spawner.read(.settings, expecting: ProgramSource.programs(of: settings)))
            note(try await spawner.read(.added, expecting: ProgramSource.programs(of: settings.sinks.added)))
        } catch {
            throw ConfigurationError(file: DaemonSettings.fileName, problem: error.problem, hint: error.hint)
        }
    }

    /// Forgets earlier programs, once no part of the agent has them.
    func retire(before settings: DaemonSettings) {
        spawner.retire(.settings, before: ProgramSource.programs(of: settings))
        spawner.retire(.added, before: ProgramSource.programs(of: settings.sinks.added))
    }

    /// Has the spawner read `sinks.toml` after a change of it. A sink is kept also if its program cannot be run.
    func read(added sinks: [AddedSink]) async {
        let programs = ProgramSource.programs(of: sinks)
        do throws(Fault) {
            note(try await spawner.read(.added, expecting: programs))
            spawner.retire(.added, before: programs)
        } catch {
            logger.warning(
                "sinks: programs not read", metadata: ["problem": "\(error.problem)", "hint": "\(error.hint)"])
        }
    }
}

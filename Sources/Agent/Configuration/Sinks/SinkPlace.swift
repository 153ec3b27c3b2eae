internal import AgentAPI
internal import Glibc
public import System

/// The directory of a sink's file.
public struct SinkPlace: Sendable {
    private let sink: SinkSettings

    public init(_ sink: SinkSettings) { self.sink = sink }

    public var directory: String { PrivateDirectory.parent(of: sink.path) }

    /// Refuses sinks of authagent.toml whose directory exists and is not safe for a token. A missing one may come later,
    /// and a file system that hangs is the sink's own trouble.
    public static func requireSafe(_ sinks: [SinkSettings]) throws(ConfigurationError) {
        let error = PatientLook.result("sinks") { sinks.lazy.compactMap { SinkPlace($0).error }.first }
        if let error = error ?? nil { throw error }
    }

    private var error: ConfigurationError? {
        do throws(PathFault) { _ = try TrustedFile.place(directory) } catch {
            if case .system = error.reason { return nil }
            return ConfigurationError(
                file: sink.source, problem: "path: no token can be written to \(sink.path): \(error.description)",
                hint: error.sinkHint)
        }
        return nil
    }

    /// Refuses new sinks of authagent.toml to whose directories the agent may not write before its next start. Those of
    /// `known` are in force, and say so themselves.
    public static func requireReachable(
        _ sinks: [SinkSettings], besides known: [SinkSettings], _ mayWrite: @escaping @Sendable (String) -> Bool
    ) throws(ConfigurationError) {
        let known = Set(known.map(\.path))
        let new = sinks.filter { !known.contains($0.path) }
        let found = PatientLook.result("sinks") { () -> SinkSettings? in
            new.first { sink in
                // A missing directory may come later.
                guard let place = try? TrustedFile.place(SinkPlace(sink).directory) else { return false }
                return !mayWrite(place.path)
            }
        }
        guard let sink = found ?? nil else { return }
        let fault = unreachable(sink.path)
        throw ConfigurationError(file: sink.source, problem: "path: \(fault.problem)", hint: fault.hint)
    }

    /// Why a file in a directory that the agent did not know at its start cannot be written.
    public static func unreachable(_ path: String) -> Fault {
        Fault(
            "the agent cannot write to \(path) before its next start: until then, it has limited itself to other directories",
            hint: "run 'authagent stop', and the next command starts an agent that can")
    }

    /// Returns why no token can be written now: an error, or a warning if the directory may come later; `nil` if one
    /// can. A file system that does not answer in time is not a problem of the configuration.
    func problem() -> (error: ConfigurationError, isWarning: Bool)? {
        let problem = PatientLook.result(directory) { () -> (ConfigurationError, Bool)? in
            if let error { return (error, false) }
            guard access(directory, F_OK) != 0 else { return nil }
            let missing = ConfigurationError(
                file: sink.source, problem: "path: there is no directory \(directory) yet",
                hint: "create it; the agent writes \(sink.path) once it is there")
            return (missing, true)
        }
        return problem ?? nil
    }

    /// Returns why the sink's group cannot read the file, as far as modes say; `nil` without a group.
    public static func obstacle(_ sink: SinkSettings, in directory: String) -> Fault? {
        guard let group = sink.group, let closed = TrustedFile.firstClosed(directory, to: group.id) else { return nil }
        return Fault(
            "the group \(group.name) cannot enter \(closed), so it cannot read \(sink.path)",
            hint: "name a file in a directory that the group can enter; 'namei -l \(sink.path)' shows who may")
    }
}

extension PathFault {
    /// A sticky directory is not enough for files with tokens, as the general hint has it.
    package var sinkHint: String {
        switch reason {
        case .writable, .modeless: "name a directory that only you and root can write to, and run 'authagent reload'"
        case .owner, .notADirectory, .system: hint
        }
    }
}

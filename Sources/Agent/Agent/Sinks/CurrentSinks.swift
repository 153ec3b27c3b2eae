public import Configuration
internal import Synchronization

/// The declarations of sinks in force. The daemon replaces them at a reload, and `authagent sink` changes them.
public final class CurrentSinks: Sendable {
    private struct State {
        var declarations: SinkDeclarations
        var additions: UInt64 = 0
        var changed: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>

    public init(_ declarations: SinkDeclarations = SinkDeclarations()) {
        state = Mutex(State(declarations: declarations))
    }

    /// The number of changes by `authagent sink`.
    public var additions: UInt64 { state.withLock { $0.additions } }

    /// Replaces the declarations at a reload. `additions`: their number before the files were read. What
    /// `authagent sink` has changed since is newer than what the reload has read of `sinks.toml`.
    public func replace(_ declarations: SinkDeclarations, readAfter additions: UInt64) {
        change { state in
            let added = state.declarations.added
            state.declarations = declarations
            if state.additions != additions { state.declarations.added = added }
        }
    }

    /// Replaces the entries of `sinks.toml`, and leaves those of authagent.toml as the last reload has them.
    func replace(added: [AddedSink]) {
        change { state in
            state.additions += 1
            state.declarations.added = added
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let changed = state.withLock { state in
            body(&state)
            return state.changed
        }
        changed?()
    }

    /// The sinks of authagent.toml in force.
    public var configured: [SinkSettings] { current.configured }

    var current: SinkDeclarations { state.withLock { $0.declarations } }

    func whenChanged(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.changed = body } }
}

/// What the agent needs for sinks.
public struct SinkParts: Sendable {
    public var current: CurrentSinks
    public var files: any SinkFiles
    public var programs: any ProgramRunner
    /// The file of `authagent sink add`.
    public var added: AddedSinks
    /// Has `programs` read that file again, before one of its programs runs. Logs why that fails.
    public var readPrograms: @Sendable ([AddedSink]) async -> Void

    public init(
        current: CurrentSinks, files: any SinkFiles, programs: any ProgramRunner, added: AddedSinks,
        readPrograms: @escaping @Sendable ([AddedSink]) async -> Void = { _ in }
    ) {
        self.current = current
        self.files = files
        self.programs = programs
        self.added = added
        self.readPrograms = readPrograms
    }
}

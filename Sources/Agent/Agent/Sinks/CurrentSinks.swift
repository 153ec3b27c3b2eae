public import Configuration
internal import Synchronization

/// The declarations of sinks in force. The daemon replaces them at a reload, and `authagent sink` changes them.
public final class CurrentSinks: Sendable {
    private struct State {
        var declarations: SinkDeclarations
        var changed: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>

    public init(_ declarations: SinkDeclarations = SinkDeclarations()) {
        state = Mutex(State(declarations: declarations))
    }

    public func replace(_ declarations: SinkDeclarations) {
        let changed = state.withLock { state in
            state.declarations = declarations
            return state.changed
        }
        changed?()
    }

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

    public init(
        current: CurrentSinks, files: any SinkFiles, programs: any ProgramRunner, added: AddedSinks
    ) {
        self.current = current
        self.files = files
        self.programs = programs
        self.added = added
    }
}

public import AgentAPI

/// The sinks of one agent. Of several declarations of one path, the first is in force.
public struct SinkDeclarations: Equatable, Sendable {
    /// The sinks of authagent.toml: the machine's, then the user's.
    public var configured: [SinkSettings] { didSet { arrange() } }
    /// The entries of `sinks.toml`.
    public var added: [AddedSink] { didSet { arrange() } }
    public private(set) var inForce: [SinkSettings] = []
    /// Those whose path an earlier declaration has.
    public private(set) var shadowed: [SinkSettings] = []

    public init(configured: [SinkSettings] = [], added: [AddedSink] = []) {
        (self.configured, self.added) = (configured, added)
        arrange()
    }

    /// The entries of `sinks.toml` that cannot be used.
    public var broken: [BrokenSink] {
        added.compactMap { entry in if case .broken(let broken) = entry { broken } else { nil } }
    }

    private mutating func arrange() {
        (inForce, shadowed) = ([], [])
        var taken: Set<String> = []
        for sink in configured + added.compactMap(\.usable) {
            guard taken.isDisjoint(with: sink.paths) else {
                shadowed.append(sink)
                continue
            }
            taken.formUnion(sink.paths)
            inForce.append(sink)
        }
    }
}

/// An entry of `sinks.toml`.
public enum AddedSink: Equatable, Sendable {
    case usable(SinkSettings)
    case broken(BrokenSink)

    public var path: String {
        switch self {
        case .usable(let sink): sink.path
        case .broken(let sink): sink.path
        }
    }

    public var usable: SinkSettings? { if case .usable(let sink) = self { sink } else { nil } }
}

/// An entry of `sinks.toml` that has an error, such as a program or a group that is gone. It takes no other sink down.
public struct BrokenSink: Equatable, Sendable {
    public var account: AccountName
    /// As it is in the file.
    public var path: String
    public var what: SinkContentKind
    /// The entry's place, as `file:line`.
    public var source: String
    public var error: ConfigurationError

    public init(
        account: AccountName, path: String, what: SinkContentKind, source: String, error: ConfigurationError
    ) {
        self.account = account
        self.path = path
        self.what = what
        self.source = source
        self.error = error
    }
}

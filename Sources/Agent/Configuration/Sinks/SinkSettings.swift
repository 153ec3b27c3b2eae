public import AgentAPI

/// One `[[sink]]`: a file that always holds a valid token of an account.
public struct SinkSettings: Equatable, Sendable {
    public var account: AccountName
    /// Absolute, without empty parts and dots.
    public var path: String
    public var what: SinkContentKind
    /// For `env` only.
    public var variable: String?
    /// `nil` for the login's own token.
    public var target: TokenTarget?
    public var mode: UInt32 = 0o600
    public var group: Group?
    public var endsWithNewline = false
    /// The program to run after a change.
    public var onChange: ConfiguredProgram?
    /// In seconds.
    public var minimumValidity = SinkSettings.defaultMinimumValidity
    public var hasMeta = false
    /// The declaration's place, as `file:line`.
    public var source = ""

    /// The group that the file belongs to.
    public struct Group: Equatable, Sendable {
        public var name: String
        public var id: UInt32

        public init(name: String, id: UInt32) { (self.name, self.id) = (name, id) }
    }

    /// In seconds. More than the leeway of every program that reads such files.
    public static let defaultMinimumValidity = 300

    public init(account: AccountName, path: String, what: SinkContentKind = .accessToken) {
        self.account = account
        self.path = path
        self.what = what
    }

    /// What an earlier agent has left, and nothing declares.
    public init(leftAt path: String, _ identity: SinkIdentity) {
        self.init(account: identity.account, path: path, what: identity.what)
        source = "an earlier configuration"
    }

    /// The path of the second file, which says of which account the token is, and when it expires.
    public var metaPath: String { path + Self.metaSuffix }

    public static let metaSuffix = ".meta"

    public var identity: SinkIdentity { SinkIdentity(self) }

    public func isDeclared(in file: String) -> Bool { source == file || source.hasPrefix(file + ":") }

    /// The paths that belong to this sink alone.
    public var paths: [String] { hasMeta ? [path, metaPath] : [path] }
}

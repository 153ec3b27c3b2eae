public import Configuration
public import System

/// The port to the files of sinks. The functions block, as file systems may: each sink calls them on its own thread.
public protocol SinkFiles: Sendable {
    /// Refuses a path in whose directory other users could create files, or which is not a file.
    func check(_ sink: SinkSettings) throws(Fault)
    /// Returns why the sink's group cannot read the file; `nil` if it can, or without a group.
    func obstacle(_ sink: SinkSettings) -> Fault?
    /// Whether there is a file at the path that no agent of this user has written.
    func hasForeignFile(at path: String) -> Bool
    /// Replaces the file as a whole if its content, mode or group differ. Returns whether the content did. `expiresAt`:
    /// in seconds since 1970; `nil` if the token does not expire. `isObsolete` is asked once more immediately before the
    /// file gets its name.
    func write(
        _ content: SinkContent, to sink: SinkSettings, expiresAt: Int?, unless isObsolete: () -> Bool
    ) throws(Fault) -> Bool
    /// Removes the file, unless another program has put its own in its place.
    func remove(_ path: String) throws(Fault)
    /// The files that this user's agents have written and not removed.
    func recorded() -> [String: RecordedSink]
}

/// A file that an agent of this user has written and not removed.
public struct RecordedSink: Equatable, Sendable {
    public var identity: SinkIdentity
    /// In seconds since 1970; `nil` if the token does not expire.
    public var expiresAt: Int?

    public init(identity: SinkIdentity, expiresAt: Int?) { (self.identity, self.expiresAt) = (identity, expiresAt) }
}

/// What a sink's files hold.
public struct SinkContent: Equatable, Sendable {
    public var bytes: [UInt8]
    /// The content of the second file; `nil` without one. Never a secret.
    public var meta: [UInt8]?

    public init(bytes: [UInt8], meta: [UInt8]? = nil) { (self.bytes, self.meta) = (bytes, meta) }
}

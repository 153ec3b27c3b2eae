public import Configuration
public import System

/// The port to the files of sinks. The functions block, as file systems may: each sink calls them on its own thread.
public protocol SinkFiles: Sendable {
    /// Refuses a path in whose directory other users could create files, or which is not a file.
    func check(_ sink: SinkSettings) throws(Fault)
    /// Whether there is a file at the path that no agent of this user has written.
    func hasForeignFile(at path: String) -> Bool
    /// Replaces the file as a whole if its content, mode or group differ. Returns whether the content did. `expiresAt`:
    /// in seconds since 1970; `nil` if the token does not expire.
    func write(_ content: SinkContent, to sink: SinkSettings, expiresAt: Int?) throws(Fault) -> Bool
    /// Removes the file, unless another program has put its own in its place.
    func remove(_ path: String) throws(Fault)
    /// The files that this user's agents have written and not removed, with the expiries of their tokens.
    func recorded() -> [String: Int?]
}

/// What a sink's files hold.
public struct SinkContent: Equatable, Sendable {
    public var bytes: [UInt8]
    /// The content of the second file; `nil` without one. Never a secret.
    public var meta: [UInt8]?

    public init(bytes: [UInt8], meta: [UInt8]? = nil) { (self.bytes, self.meta) = (bytes, meta) }
}

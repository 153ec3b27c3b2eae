internal import AgentAPI
internal import System

/// The file with the times at which the agent last announced that a login expires, so that a restarted agent does not
/// announce it again.
public struct NoticeFile: Sendable {
    private let path: String

    public init(path: String) { self.path = path }

    private struct Content: Codable {
        /// Seconds since 1970, by account.
        var announced: [String: Int]
    }

    /// Returns the times by account. A file that cannot be read costs a second announcement.
    public func load() -> [String: Int] {
        guard let bytes = try? ProtectedFile.read(path, mayBeReadByOthers: true),
            let content = try? APIJSON.decode(Content.self, from: bytes)
        else { return [:] }
        return content.announced
    }

    /// Replaces the file. Blocks while the disk does.
    public func save(_ announced: [String: Int]) throws(ConfigurationError) {
        let temporary = path + ".new"
        let bytes = APIJSON.encode(fixed: Content(announced: announced))
        do throws(UnfinishedFile.Failure) {
            // The agent's lock keeps other writers away; the name may be left from a crash.
            UnfinishedFile.removeLeft(temporary)
            let file = try UnfinishedFile(temporary)
            try file.write(bytes)
            try file.rename(to: path)
        } catch { throw ProtectedFile.failure(path, "cannot be written", error.code) }
    }
}

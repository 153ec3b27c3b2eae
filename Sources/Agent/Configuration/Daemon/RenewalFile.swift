internal import AgentAPI
internal import System

/// What an agent has to know of the questions that an earlier one has put to a user (the key `renew`).
public struct RenewalNote: Codable, Equatable, Sendable {
    /// When, in seconds since 1970.
    public var asked: [Int]
    public var stopped: RenewalStop?

    public init(asked: [Int], stopped: RenewalStop? = nil) { (self.asked, self.stopped) = (asked, stopped) }
}

/// Why the agent does not ask a user again until a person logs in.
public enum RenewalStop: String, Codable, CaseIterable, Sendable {
    /// The user has declined.
    case declined
    /// Another person than the login's has approved, or it is not certain who has.
    case otherPerson = "other_person"
    /// The provider refuses to ask, or the account is not set up for it.
    case refused
}

/// The file with the questions that the agent has put to users, so that a restarted agent does not ask more often.
public struct RenewalFile: Sendable {
    private let path: String

    public init(path: String) { self.path = path }

    private struct Content: Codable {
        var accounts: [String: RenewalNote]
    }

    /// Returns the notes by account; `nil` if there is a file that cannot be read.
    public func load() -> [String: RenewalNote]? {
        let bytes: [UInt8]?
        do throws(ConfigurationError) { bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) } catch {
            return nil
        }
        guard let bytes else { return [:] }
        return (try? APIJSON.decode(Content.self, from: bytes))?.accounts
    }

    /// Replaces the file. Blocks while the disk does.
    public func save(_ accounts: [String: RenewalNote]) throws(ConfigurationError) {
        let temporary = path + ".new"
        let bytes = APIJSON.encode(fixed: Content(accounts: accounts))
        do throws(UnfinishedFile.Failure) {
            // The agent's lock keeps other writers away; the name may be left from a crash.
            UnfinishedFile.removeLeft(temporary)
            let file = try UnfinishedFile(temporary)
            try file.write(bytes)
            try file.synchronize()
            try file.rename(to: path)
        } catch { throw ProtectedFile.failure(path, "cannot be written", error.code) }
    }
}

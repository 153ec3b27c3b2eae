internal import AgentAPI
internal import Glibc
internal import System

/// What an agent has to know of the questions that an earlier one has put to a user on the phone.
public struct RenewalNote: Codable, Equatable, Sendable {
    /// When, in seconds since 1970; what cannot be read is in the future, and counts from now on.
    public var asked: [Int]
    public var stopped: RenewalStop?

    public init(asked: [Int], stopped: RenewalStop? = nil) { (self.asked, self.stopped) = (asked, stopped) }

    /// Reads a note of any agent: what this one does not understand counts against another question.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        asked = (try? container.decode([Int].self, forKey: .asked)) ?? [.max, .max, .max]
        guard container.contains(.stopped), (try? container.decodeNil(forKey: .stopped)) != true else { return }
        let word = try? container.decode(String.self, forKey: .stopped)
        stopped = word.flatMap(RenewalStop.init) ?? .refused
    }
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

    public struct Content: Codable, Equatable, Sendable {
        /// By the person who is asked.
        public var people: [String: RenewalNote]
        /// Since when, in seconds since 1970, it is not known what earlier agents have asked; `nil` if it is known.
        public var unknownSince: Int?

        public init(people: [String: RenewalNote] = [:], unknownSince: Int? = nil) {
            (self.people, self.unknownSince) = (people, unknownSince)
        }

        enum CodingKeys: String, CodingKey {
            case people
            case unknownSince = "unknown_since"
        }
    }

    /// Returns the notes; `nil` if there is a file that cannot be read.
    public func load() -> Content? {
        let bytes: [UInt8]?
        do throws(ConfigurationError) { bytes = try ProtectedFile.read(path, mayBeReadByOthers: false) } catch {
            return nil
        }
        guard let bytes else { return Content() }
        return try? APIJSON.decode(Content.self, from: bytes)
    }

    /// Replaces the file durably: fsync(2), rename(2), then fsync(2) of the directory. Blocks while the disk does.
    public func save(_ content: Content) throws(ConfigurationError) {
        let temporary = path + ".new"
        let bytes = APIJSON.encode(fixed: content)
        do throws(UnfinishedFile.Failure) {
            // The agent's lock keeps other writers away; the name may be left from a crash.
            UnfinishedFile.removeLeft(temporary)
            let file = try UnfinishedFile(temporary)
            try file.write(bytes)
            try file.synchronize()
            try file.rename(to: path)
        } catch { throw ProtectedFile.failure(path, "cannot be written", error.code) }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ProtectedFile.failure(directory, "cannot be opened", errno) }
        let opened = Descriptor(owning: descriptor)
        if let code = DirectorySync.failure(opened.raw) {
            throw ProtectedFile.failure(directory, "cannot be made durable", code)
        }
    }
}

internal import AuthagentClient
internal import Glibc
internal import System

/// Takes a token out of the other helpers of git again: git gives what a server has accepted to each of them, and
/// before 2.40 without its expiry. git-credential-cache would answer with it after its end, and git-credential-store
/// write it to the disk.
enum GitEviction {
    /// Tells this program's own `erase` that the token was not refused.
    private static let marker = "AUTHAGENT_GIT_EVICTION"

    /// For all of it. git waits, and its other helpers may hang.
    private static let patience: Duration = .seconds(5)

    static var isRunning: Bool { getenv(marker) != nil }

    /// `stored`: what git asks to store.
    static func run(_ stored: GitInput) {
        guard !isRunning, let password = stored.password, !password.isEmpty, let command = command() else { return }
        let others = OtherHelpers(
            command.output(["config", "--null", "--get-regexp", #"^credential\.(.*\.)?helper$"#]),
            knowExpiry: stored.hasExpiry)
        guard others.hasEarlier || others.hasLater, isOurs(password, of: stored) else { return }
        if others.hasEarlier { command.run(["credential", "reject"], input: description(of: stored, password)) }
        // These get the token only after this process.
        guard others.hasLater else { return }
        let program = GitCommand(path: "/proc/self/exe", environment: command.environment, deadline: command.deadline)
        program.leave(["helper", "git", later], input: description(of: stored, password))
    }

    /// The operation of the process that is left behind.
    private static let later = "evict-later"

    /// In milliseconds: git runs one helper after the other, and a slow one stores late.
    private static let delays: (Int32, Int32) = (1000, 4000)

    /// Runs after the helpers that come after this one. `stored` is the account's token.
    static func runLater(_ stored: GitInput) {
        guard isRunning, let password = stored.password else { return }
        for delay in [delays.0, delays.1] {
            _ = poll(nil, 0, delay)
            command()?.run(["credential", "reject"], input: description(of: stored, password))
        }
    }

    private static func command() -> GitCommand? {
        guard let git = GitCommand.find() else { return nil }
        var environment = processEnvironment()
        environment[marker] = "1"
        return GitCommand(path: git, environment: environment, deadline: Deadline(patience))
    }

    /// Whether the password is the token of the account, and not one that a user has typed.
    private static func isOurs(_ password: Bytes, of stored: GitInput) -> Bool {
        var isOurs = false
        try? stored.withURL { url throws(Failure) in
            var query = TokenQuery(.url(url, username: stored.username))
            (query.minimumValidity, query.wait) = (0, 0)
            try HelperConnection().token(query) { answer throws(Failure) in
                isOurs = answer.withToken { isEqual($0, password) }
            }
        }
        return isOurs
    }

    /// In a time that depends on the length alone.
    private static func isEqual(_ token: Bytes, _ password: Bytes) -> Bool {
        guard token.count == password.count else { return false }
        return zip(token, password).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }

    private static func description(of stored: GitInput, _ password: Bytes) -> RawBytes {
        var lines = RawBytes(capacity: 4096)
        func add(_ key: StaticString, _ value: Bytes?, _ lines: inout RawBytes) {
            guard let value else { return }
            lines.append(literal: key)
            lines.append(value)
            lines.append(literal: "\n")
        }
        add("protocol=", stored.scheme, &lines)
        add("host=", stored.host, &lines)
        add("path=", stored.path, &lines)
        add("username=", stored.username, &lines)
        add("password=", password, &lines)
        return lines
    }
}

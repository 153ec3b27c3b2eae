internal import AgentAPI
internal import Audit
internal import Configuration
internal import Formats
internal import Logging
internal import System

/// A line of the log. Its texts must be cleaned already.
struct LogLine {
    let level: Logger.Level
    let message: String
    let fields: [(name: String, value: String)]
    let time: WallTime

    init(_ level: Logger.Level, _ message: String, _ fields: [(String, String)] = [], at time: WallTime) {
        (self.level, self.message, self.time) = (level, message, time)
        self.fields = fields.map { (name: $0.0, value: $0.1) }
    }

    /// The line for a file, a pipe or a terminal.
    func bytes(_ format: LogFormat) -> [UInt8] {
        switch format {
        case .text: Array("\(time.text) \(level) \(text)\n".utf8)
        case .json: Array((json + "\n").utf8)
        }
    }

    /// The line as an entry of the journal, which has its own time.
    func journalEntry(_ format: LogFormat) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", format == .json ? json : text)
        entry.add("PRIORITY", "\(priority)")
        entry.add("SYSLOG_IDENTIFIER", "authagentd")
        if let id = MessageID.known[message] { entry.add("MESSAGE_ID", id) }
        for field in fields { entry.add(Self.journalName(field.name), field.value) }
        return entry
    }

    /// The journal's own `_UID`, `_PID` and `_SYSTEMD_UNIT` are the agent's; these are the caller's.
    private static let callers: Set<String> = [
        "uid", "pid", "owner_uid", "executable", "executable_claimed", "unit", "user_unit",
    ]

    private static func journalName(_ name: String) -> String {
        "AUTHAGENT_" + (callers.contains(name) ? "CALLER_" : "") + name
    }

    /// As in syslog(3).
    private var priority: Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    private var text: String { fields.reduce(message) { $0 + " \($1.name)=\(Self.quoted($1.value))" } }

    private var json: String {
        var object = ["time": time.text, "level": "\(level)", "message": message]
        for field in fields { object[field.name] = field.value }
        return APIJSON.text(fixed: object)
    }

    /// Cleans a text from a file or a server, because a log is read on a terminal. The limit keeps lines readable, and
    /// an entry of the journal far below the length of a datagram.
    static func clean(_ text: String) -> String { DisplayText.clean(text, limit: 1000) }

    /// Quotes a value with a space or a similar character, which would look like another field.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) && $0 != "\"" }
        return isPlain && !value.isEmpty ? value : APIJSON.text(fixed: value)
    }
}

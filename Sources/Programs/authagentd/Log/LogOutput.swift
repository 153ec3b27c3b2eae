internal import AgentAPI
internal import Audit
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Synchronization

/// The daemon's log on standard error: the journal, the client's log file or a terminal.
final class LogOutput: Sendable {
    private let level: Mutex<Logger.Level>
    private let writer: LineWriter
    private let last = LastLine()
    fileprivate let format: LogFormat

    /// `ownFile`: the log file of an agent that the client started, which the daemon itself must rotate.
    init(level: Logger.Level, format: LogFormat, ownFile: String) {
        self.level = Mutex(level)
        self.format = format
        writer = LineWriter(StandardErrorLog(ownFile: ownFile, format: format), label: "authagent.log")
    }

    var logger: Logger { Logger(label: "authagentd") { _ in LineHandler(output: self) } }

    /// Changes the level of every logger of this output.
    func apply(level newLevel: Logger.Level) { level.withLock { $0 = newLevel } }

    /// Logs a decision. The writer's thread formats it: there may be thousands in a second.
    func log(_ decision: AuditLine) {
        let level: Logger.Level = decision.isRefusal ? .warning : decision.isChange ? .notice : .info
        guard level >= currentLevel else { return }
        let (format, last) = (format, last)
        writer.add(decision.isRefusal || decision.isChange ? .important : .routine) {
            last.bytes(of: decision) { decision in
                let fields = decision.fields.map { field -> (String, String) in
                    switch field.value {
                    case .number(let number): (field.name, "\(number)")
                    case .text(let text): (field.name, text)
                    }
                }
                return LogLine.bytes(format, "\(level)", "decided", fields, at: decision.time)
            }
        }
    }

    /// Waits until every line is written, at most one second if the reader does not read.
    func flush() { writer.flush(within: .seconds(1)) }

    fileprivate var currentLevel: Logger.Level { level.withLock { $0 } }

    fileprivate func write(_ bytes: [UInt8]) { writer.add(.important) { bytes } }
}

/// A log handler that formats one line for each event.
private struct LineHandler: LogHandler {
    let output: LogOutput
    var metadata: Logger.Metadata = [:]

    var logLevel: Logger.Level {
        get { output.currentLevel }
        set { output.apply(level: newValue) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { ($0.key, LogLine.clean("\($0.value)")) }
        output.write(
            LogLine.bytes(output.format, "\(event.level)", LogLine.clean("\(event.message)"), fields, at: .now))
    }
}

/// The format of a log line. Its texts must be cleaned already.
enum LogLine {
    static func bytes(
        _ format: LogFormat, _ level: String, _ message: String, _ fields: [(String, String)], at time: WallTime
    ) -> [UInt8] {
        var line: String
        switch format {
        case .text:
            line = "\(time.text) \(level) \(message)"
            for (key, value) in fields { line += " \(key)=\(quoted(value))" }
        case .json:
            var object = ["time": time.text, "level": level, "message": message]
            for (key, value) in fields { object[key] = value }
            line = APIJSON.text(fixed: object)
        }
        line += "\n"
        return Array(line.utf8)
    }

    /// Cleans a text from a file or a server, because a log is read on a terminal. The limit keeps lines readable.
    static func clean(_ text: String) -> String { DisplayText.clean(text, limit: 1000) }

    /// Quotes a value with a space or a similar character, which would look like another field.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) && $0 != "\"" }
        return isPlain && !value.isEmpty ? value : APIJSON.text(fixed: value)
    }
}

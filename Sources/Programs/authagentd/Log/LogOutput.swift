internal import Audit
internal import Configuration
internal import Glibc
internal import Logging
internal import Synchronization
internal import System

/// The daemon's log: standard error, which is the client's log file or a terminal, or the journal with its fields.
final class LogOutput: Sendable {
    private let level: Mutex<Logger.Level>
    private let writer: LineWriter
    private let file: StandardErrorLog
    private let last = LastLine()
    private let format: LogFormat
    /// Set if standard error is the journal.
    private let journal: JournalSocket?

    /// `ownFile`: the log file of an agent that the client started, which the daemon itself must rotate.
    init(level: Logger.Level, format: LogFormat, ownFile: String, environment: [String: String]) {
        self.level = Mutex(level)
        self.format = format
        journal = JournalSocket.isStream(STDERR_FILENO, environment) ? JournalSocket() : nil
        file = StandardErrorLog(ownFile: ownFile, format: format)
        writer = LineWriter(file, label: "authagent.log")
    }

    var logger: Logger { Logger(label: "authagentd") { _ in LineHandler(output: self) } }

    /// Changes the level of every logger of this output.
    func apply(level newLevel: Logger.Level) { level.withLock { $0 = newLevel } }

    /// Logs a decision. The writer's thread formats it: there may be thousands in a second.
    func log(_ decision: AuditLine) {
        let level: Logger.Level = decision.isRefusal ? .warning : decision.isChange ? .notice : .info
        guard level >= currentLevel else { return }
        let last = last
        writer.add(decision.isRefusal || decision.isChange ? .important : .routine) { [self] in
            let line = { LogLine(level, "decided", decision.texts, at: decision.time) }
            guard let journal else { return last.bytes(of: decision) { _ in line().bytes(format) } }
            let entry = last.bytes(of: decision) { _ in line().journalEntry(format).bytes }
            return journal.send(entry) ? [] : line().bytes(format)
        }
    }

    /// Waits until every line is written, at most one second if the reader does not read.
    func flush() { writer.flush(within: .seconds(1)) }

    /// Reopens the own log file, after a program has moved it away.
    func reopen() { file.reopen() }

    fileprivate var currentLevel: Logger.Level { level.withLock { $0 } }

    fileprivate func write(_ line: LogLine) {
        writer.add(.important) { [self] in
            // The text reaches the journal through standard error, too, without its fields.
            if let journal, journal.send(line.journalEntry(format).bytes) { return [] }
            return line.bytes(format)
        }
    }
}

extension AuditLine {
    /// Name and value of each field, as text.
    fileprivate var texts: [(String, String)] {
        fields.map { field in
            switch field.value {
            case .number(let number): (field.name, "\(number)")
            case .text(let text): (field.name, text)
            }
        }
    }
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
        output.write(LogLine(event.level, LogLine.clean("\(event.message)"), fields, at: .now))
    }
}

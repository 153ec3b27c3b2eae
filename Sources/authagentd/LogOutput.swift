internal import Accounts
internal import AgentAPI
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import OAuth
internal import Synchronization

/// The daemon's log on standard error, where the journal, the client's log file or a terminal reads it.
final class LogOutput: Sendable {
    private let level: Mutex<Logger.Level>
    fileprivate let format: LogFormat

    init(level: Logger.Level, format: LogFormat) {
        self.level = Mutex(level)
        self.format = format
    }

    var logger: Logger { Logger(label: "authagentd") { _ in LineHandler(output: self) } }

    /// Changes the level of every logger that came from here.
    func apply(level newLevel: Logger.Level) { level.withLock { $0 = newLevel } }

    fileprivate var currentLevel: Logger.Level { level.withLock { $0 } }
}

/// Writes each event as one line with one system call, so that lines of several threads do not mix.
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
            .map { ($0.key, Self.clean("\($0.value)")) }
        let time = Date().formatted(.iso8601)
        let message = Self.clean("\(event.message)")
        var line: String
        switch output.format {
        case .text:
            line = "\(time) \(event.level) \(message)"
            for (key, value) in fields { line += " \(key)=\(quoted(value))" }
        case .json:
            var object = ["time": time, "level": "\(event.level)", "message": message]
            for (key, value) in fields { object[key] = value }
            line = APIJSON.text(fixed: object)
        }
        line += "\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Files and servers can say anything, and a log is read on a terminal. The limit is for lines that a person reads.
    private static func clean(_ text: String) -> String { DisplayText.clean(text, limit: 1000) }

    /// A value with a space in it, or what may look like one, must not look like another field.
    private func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) && $0 != "\"" }
        return isPlain && !value.isEmpty ? value : APIJSON.text(fixed: value)
    }
}

import Logging
import Synchronization

/// A log handler that counts the requests that the lane answers, and keeps the warnings.
final class LaneLog: Sendable {
    private let kept = Mutex(0)

    private let said = Mutex<[String]>([])

    var warnings: [String] { said.withLock { $0 } }
    var count: Int { kept.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let log: LaneLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if event.level == .warning { log.said.withLock { $0.append("\(event.message)") } }
            if event.metadata?["lane"] != nil { log.kept.withLock { $0 += 1 } }
        }
    }
}

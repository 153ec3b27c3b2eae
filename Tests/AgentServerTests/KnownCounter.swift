import Logging
import Synchronization

/// Counts the requests that the server has answered by their bytes, as its log says.
final class KnownCounter: Sendable {
    private let kept = Mutex(0)

    var count: Int { kept.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(counter: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let counter: KnownCounter
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if event.metadata?["known"] != nil { counter.kept.withLock { $0 += 1 } }
        }
    }
}

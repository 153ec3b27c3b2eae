internal import Synchronization

/// The text of the last decision. A program that requests thousands of tokens in a second gets the same line for a
/// millisecond, and formatting it costs more than the request.
public final class LastLine: Sendable {
    private let last = Mutex<(line: AuditLine, bytes: [UInt8])?>(nil)

    public init() {}

    /// Returns the line's text, which `format` makes unless it is that of the last line.
    public func bytes(of line: AuditLine, _ format: (AuditLine) -> [UInt8]) -> [UInt8] {
        last.withLock { last in
            if let last, last.line == line { return last.bytes }
            let bytes = format(line)
            last = (line, bytes)
            return bytes
        }
    }
}

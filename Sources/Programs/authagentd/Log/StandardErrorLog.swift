internal import Audit
internal import Configuration
internal import Glibc
internal import System

/// Standard error as a log. If it is the log file of an agent that the client started, the file is rotated, because
/// every served token adds a line.
final class StandardErrorLog: LineSink {
    /// In bytes. Enough for weeks of an agent with a few jobs; with the old file, twice as much is kept.
    private static let longest = 4 << 20

    private let ownFile: String
    private let format: LogFormat

    init(ownFile: String, format: LogFormat) {
        self.ownFile = ownFile
        self.format = format
    }

    func write(_ lines: [UInt8], count: Int) {
        let written = lines.withUnsafeBytes { SystemCall.writeAll($0, to: STDERR_FILENO) }
        // The log itself is gone: the error cannot be reported.
        guard written.error == nil else { return }
        beginAnewIfLong()
    }

    func write(lost count: Int) {
        write(LogLine.bytes(format, "warning", "no room for log lines", [("lost", "\(count)")], at: .now), count: 1)
    }

    private func beginAnewIfLong() {
        var current = stat()
        var own = stat()
        guard fstat(STDERR_FILENO, &current) == 0, current.st_mode & S_IFMT == S_IFREG,
            current.st_size > Self.longest, lstat(ownFile, &own) == 0, own.st_ino == current.st_ino,
            own.st_dev == current.st_dev, rename(ownFile, ownFile + ".1") == 0
        else { return }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW
        let new = open(ownFile, flags, 0o600)
        guard new >= 0 else { return }
        // Both may be open on the old file, which would keep it in use.
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_ino == current.st_ino, status.st_dev == current.st_dev {
                _ = dup2(new, descriptor)
            }
        }
        _ = close(new)
    }
}

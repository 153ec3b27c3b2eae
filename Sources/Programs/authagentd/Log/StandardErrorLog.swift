internal import Audit
internal import Configuration
internal import Glibc
internal import Logging
internal import Synchronization
internal import System

/// Standard error as a log. If it is the log file of an agent that the client started, the file is rotated, because
/// every served token adds a line, and opened anew where another program has moved it away.
final class StandardErrorLog: LineSink {
    /// In bytes. Enough for weeks of an agent with a few jobs; with the old file, twice as much is kept.
    private static let longest = 4 << 20

    private let ownFile: String
    private let format: LogFormat
    /// Whether standard error is that file, at the start and, because nothing else changes it, from then on.
    private let isOwn: Bool
    private let wantsReopening = Mutex(false)

    init(ownFile: String, format: LogFormat) {
        self.ownFile = ownFile
        self.format = format
        var (current, own) = (stat(), stat())
        isOwn =
            fstat(STDERR_FILENO, &current) == 0 && current.st_mode & S_IFMT == S_IFREG && lstat(ownFile, &own) == 0
            && Self.areSame(own, current)
    }

    func write(_ lines: [UInt8], count: Int) {
        // The journal has had them.
        guard !lines.isEmpty else { return }
        if isOwn { reopenIfMoved() }
        let written = lines.withUnsafeBytes { SystemCall.writeAll($0, to: STDERR_FILENO) }
        // The log itself is gone: the error cannot be reported.
        guard written.error == nil else { return }
        if isOwn { beginAnewIfLong() }
    }

    func write(lost count: Int) {
        let line = LogLine(.warning, "no room for log lines", [("lost", "\(count)")], at: .now)
        write(line.bytes(format), count: 1)
    }

    /// Opens the file of its path from the next line on, if another program has moved it away. Never blocks.
    func reopen() { wantsReopening.withLock { $0 = true } }

    private func reopenIfMoved() {
        let isWanted = wantsReopening.withLock { isWanted in
            defer { isWanted = false }
            return isWanted
        }
        var (current, own) = (stat(), stat())
        // What is written to a deleted file is lost with the descriptor.
        guard fstat(STDERR_FILENO, &current) == 0, isWanted || current.st_nlink == 0 else { return }
        if lstat(ownFile, &own) == 0, Self.areSame(own, current) { return }
        useOwnFile(inPlaceOf: current, O_CREAT)
    }

    private func beginAnewIfLong() {
        var (current, own) = (stat(), stat())
        guard fstat(STDERR_FILENO, &current) == 0, current.st_size > Self.longest, lstat(ownFile, &own) == 0,
            Self.areSame(own, current), rename(ownFile, ownFile + ".1") == 0
        else { return }
        useOwnFile(inPlaceOf: current, O_CREAT | O_EXCL)
    }

    /// Makes the file of the own path the log. If that fails, lines go where they went.
    private func useOwnFile(inPlaceOf current: stat, _ creation: Int32) {
        // Without O_NONBLOCK, a FIFO in the file's place would block the writer.
        let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let raw = open(ownFile, flags | creation, 0o600)
        guard raw >= 0 else { return }
        let new = Descriptor(owning: raw)
        guard (try? FileRequirement(owners: .user).check(new)) != nil else { return }
        // Both may be open on the old file, which would keep it in use.
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            var status = stat()
            if fstat(descriptor, &status) == 0, Self.areSame(status, current) { _ = dup2(new.raw, descriptor) }
        }
    }

    private static func areSame(_ left: stat, _ right: stat) -> Bool {
        left.st_ino == right.st_ino && left.st_dev == right.st_dev
    }
}

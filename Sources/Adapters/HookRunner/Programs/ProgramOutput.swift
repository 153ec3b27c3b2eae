internal import Formats
internal import Glibc
internal import System

/// The output of a running program: the beginning is kept, more is read and dropped, and too much closes the pipe.
struct ProgramOutput: ~Copyable {
    private var pipe: Descriptor?
    private var kept: [UInt8] = []
    private var count = 0

    /// In bytes. Some screens of text.
    private static let mostKept = 8 * 1024
    /// In bytes. A program that prints more gets SIGPIPE.
    private static let mostRead = 1 << 20
    private static let mostLines = 20
    private static let longestLine = 500

    init(_ pipe: consuming Descriptor) { self.pipe = consume pipe }

    /// Reads until the process has ended; false if it still runs at the deadline.
    mutating func read(untilEndOf process: borrowing Descriptor, _ deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var ready = [pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)]
            // A negative number is skipped (poll(2)).
            ready.append(pollfd(fd: raw, events: Int16(POLLIN), revents: 0))
            guard poll(&ready, 2, Self.milliseconds(left)) >= 0 || errno == EINTR else { return false }
            if ready[1].revents != 0 { take() }
            if ready[0].revents != 0 { return finish() }
        }
    }

    /// The beginning of the output, as lines for the log.
    var lines: [String] {
        let lines = String(decoding: kept, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { DisplayText.clean($0, limit: Self.longestLine) }.filter { !$0.isEmpty }
        let isCut = count > kept.count || lines.count > Self.mostLines
        return lines.prefix(Self.mostLines) + (isCut ? ["…"] : [])
    }

    private var raw: Int32 {
        switch pipe {
        case .some(let pipe): pipe.raw
        case .none: -1
        }
    }

    /// Takes what the program left in the pipe; processes that it started may still hold the other end.
    private mutating func finish() -> Bool {
        while true {
            var ready = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            guard raw >= 0, poll(&ready, 1, 0) > 0 else { return true }
            take()
        }
    }

    /// Reads once; a pipe that is ready does not block.
    private mutating func take() {
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        let raw = raw
        let got = SystemCall.uninterrupted { Glibc.read(raw, &part, part.count) }
        guard got > 0 else { return pipe = nil }
        kept += part.prefix(min(got, Self.mostKept - kept.count))
        count += got
        if count >= Self.mostRead { pipe = nil }
    }

    /// Rounded up, so that a remainder does not become 0.
    private static func milliseconds(_ left: Duration) -> Int32 {
        Int32(clamping: Int64((left / .milliseconds(1)).rounded(.up)))
    }
}

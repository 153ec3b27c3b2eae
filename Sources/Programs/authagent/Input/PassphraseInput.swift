internal import AgentAPI
internal import Glibc
internal import System

/// Reads a passphrase, or another secret that is typed, from the terminal without echo, or from standard input if it is not a terminal.
enum PassphraseInput {
    private static let longest = 1024

    /// `what` names it in messages. `isNew`: the user types it twice.
    static func read(_ what: String = "passphrase", isNew: Bool = false) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try check(readAll(), what) }
        let first = try check(ask(what, "\(what): "), what)
        guard isNew else { return first }
        guard try ask(what, "repeat the \(what): ") == Array(first.utf8) else {
            throw Failure("the two \(what)s differ", hint: "run the same command again", code: .usage)
        }
        return first
    }

    private static func check(_ bytes: [UInt8], _ what: String) throws -> String {
        guard (1...longest).contains(bytes.count), let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(0), !bytes.contains(10)
        else {
            throw Failure(
                "standard input does not contain a \(what)", hint: "give one line of at most \(longest) bytes",
                code: .usage)
        }
        return text
    }

    private static func readAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(STDIN_FILENO, into: &bytes, limit: longest + 3) {
            throw Failure("cannot read standard input: \(String(cString: strerror(code)))")
        }
        return withoutLineBreak(bytes)
    }

    /// Reads one line from the terminal; restores the echo in any case.
    private static func ask(_ what: String, _ prompt: String) throws -> [UInt8] {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else {
            throw Failure("cannot turn off the terminal's echo", hint: "give the \(what) on standard input")
        }
        let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP])
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // Before the prompt, so that the reply is neither shown nor discarded.
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        Console.say(prompt)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            Console.say("\n")
            signals.end()
        }
        var waits = [STDIN_FILENO, signals.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = SystemCall.uninterrupted { poll(&waits, nfds_t(waits.count), -1) }
        guard waits[1].revents == 0 else { throw Failure("no \(what) was given") }
        var line = [UInt8](repeating: 0, count: longest + 3)
        let count = Glibc.read(STDIN_FILENO, &line, line.count)
        guard count > 0 else { throw Failure("no \(what) was given") }
        return withoutLineBreak(Array(line.prefix(count)))
    }

    /// A final line break belongs to the terminal or the pipe, not to the passphrase.
    private static func withoutLineBreak(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if bytes.last == 10 { bytes.removeLast() }
        if bytes.last == 13 { bytes.removeLast() }
        return bytes
    }
}

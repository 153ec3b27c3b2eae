internal import AgentAPI
internal import Glibc
internal import System

/// Output: results to standard output, all other text to standard error.
enum Console {
    /// Prints a result; ends the process if that fails, without a message if the reader is gone, as with SIGPIPE.
    static func print(_ line: String) {
        var line = line + "\n"
        line.withUTF8(print(line:))
    }

    /// Prints a result that ends with a line feed.
    static func print(line: UnsafeBufferPointer<UInt8>) {
        guard let code = write(line, to: STDOUT_FILENO) else { return }
        if code == EPIPE { exit(ExitCode.ok.rawValue) }
        let failure = Failure("cannot write the result: \(String(cString: strerror(code)))")
        report(failure)
        exit(failure.code.rawValue)
    }

    static func note(_ text: String) { say("authagent: note: \(clean(text))\n") }

    /// Says which files the agent could not remove after a lock or a logout.
    static func note(filesLeft: [String]?) {
        for path in filesLeft ?? [] {
            note(
                "\(path) may still hold a token: the agent could not remove it, and tries again; see 'authagent sink list'"
            )
        }
    }

    static func report(_ failure: Failure) {
        var text = "authagent: error: \(shown(failure.message))\n"
        if let command = failure.command {
            text += "authagent: hint: run \(command.contains("'") ? clean(command) : "'\(clean(command))'")\n"
        } else if let hint = failure.hint {
            // One command a line.
            for line in hint.split(separator: "\n") { text += "authagent: hint: \(shown(String(line)))\n" }
        }
        say(text)
    }

    /// Prints error and remedy as one line.
    static func reportLine(_ failure: Failure) { say("authagent: error: \(line(failure))\n") }

    /// Error and remedy in one line, cleaned.
    static func line(_ failure: Failure) -> String {
        shown(failure.message) + (failure.hint.map { ": \(shown($0))" } ?? "")
    }

    /// Cleaned, and cut: an error may quote an argument of 100 KB.
    private static func shown(_ text: String) -> String {
        let cut = text.prefix(longestLine)
        return clean(String(cut)) + (cut.endIndex == text.endIndex ? "" : "…")
    }

    /// In characters.
    private static let longestLine = 2000

    /// Prints text for the user. A failure is ignored, because the exit code matters more.
    static func say(_ text: String) {
        var text = text
        text.withUTF8 { _ = write($0, to: STDERR_FILENO) }
    }

    /// Opens standard input, output and error if they are closed: otherwise the next socket gets such a number, and
    /// output goes to the agent. Read-only, so that a result is not lost without an error.
    static func fillClosedPlaces() {
        for place in STDIN_FILENO...STDERR_FILENO where fcntl(place, F_GETFD) < 0 {
            // open(2) returns the lowest free number, which is this one.
            guard open("/dev/null", O_RDONLY | O_NOCTTY) < 0 else { continue }
            let failure = Failure("cannot open /dev/null: \(String(cString: strerror(errno)))")
            report(failure)
            exit(failure.code.rawValue)
        }
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The terminal's columns and lines; 80 × 24 if unknown.
    static var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Replaces control characters and keeps the length: the agent has already cleaned and cut text from servers
    /// (DisplayText); this is the last defence.
    static func clean(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Writes all of `bytes`; returns the error number, or `nil` on success.
    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) -> Int32? {
        SystemCall.writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, waitsForRoom: true).error
    }
}

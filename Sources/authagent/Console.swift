internal import Glibc

/// Results go to standard output, everything else to standard error.
enum Console {
    static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    static func note(_ text: String) { write("authagent: note: \(clean(text))\n", to: STDERR_FILENO) }

    static func report(_ failure: Failure) {
        var text = "authagent: error: \(clean(failure.message))\n"
        if let hint = failure.hint { text += "authagent: hint: \(clean(hint))\n" }
        write(text, to: STDERR_FILENO)
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns and lines of the terminal; what every terminal has when it does not say.
    static var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Takes out what a terminal would obey. The agent has cleaned what comes from a server; this is the last line.
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

    /// Writes all of it. A reader that is gone ends the process in silence, as SIGPIPE would.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { exit(errno == EPIPE ? 0 : 1) }
                rest = rest.dropFirst(count)
            }
        }
    }
}

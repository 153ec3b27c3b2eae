internal import AgentAPI
internal import Glibc

/// Results go to standard output, everything else to standard error.
enum Console {
    /// Ends the process when the result cannot be written: in silence where its reader is gone, as SIGPIPE would.
    static func print(_ line: String) {
        guard let code = write(line + "\n", to: STDOUT_FILENO) else { return }
        if code == EPIPE { exit(ExitCode.ok.rawValue) }
        let failure = Failure("cannot write the result: \(String(cString: strerror(code)))")
        report(failure)
        exit(failure.code.rawValue)
    }

    static func note(_ text: String) { say("authagent: note: \(clean(text))\n") }

    static func report(_ failure: Failure) {
        var text = "authagent: error: \(clean(failure.message))\n"
        if let hint = failure.hint { text += "authagent: hint: \(clean(hint))\n" }
        say(text)
    }

    /// Text for people, as it is. Whether it can be written changes nothing: the exit code has to come through.
    static func say(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// Fills the places of standard input, output and error that are closed: otherwise the next socket gets such a
    /// number, and what is printed goes to the agent. For reading only, so that a result is not lost in silence.
    static func fillClosedPlaces() {
        for place in STDIN_FILENO...STDERR_FILENO where fcntl(place, F_GETFD) < 0 {
            // The lowest number that is free, which is this one.
            guard open("/dev/null", O_RDONLY | O_NOCTTY) < 0 else { continue }
            let failure = Failure("cannot open /dev/null: \(String(cString: strerror(errno)))")
            report(failure)
            exit(failure.code.rawValue)
        }
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

    /// Writes all of it, or returns the error number.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var text = text
        return text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Somebody else has made the pipe or the terminal non-blocking.
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&room, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
    }
}

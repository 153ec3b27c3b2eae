internal import Formats
internal import Glibc
internal import System

/// The terminal's input while a login waits for a pasted address: without the kernel's line editing, which cuts a line
/// at 4,095 bytes (termios(3)), and with the terminal's mode restored whenever this program stops or ends.
final class PasteTerminal {
    private let alarms: LoginAlarms
    private var former = termios()
    private var lines = TypedLines()
    private var isReading = false
    /// Whether the input is to be taken again after a stop.
    private var isWanted = false
    /// What stands on the screen's last line.
    private var visible = ""

    private static let prompt = "paste: "

    /// `nil` if input or output is not a terminal.
    init?(_ alarms: LoginAlarms) {
        guard Self.isThere else { return nil }
        self.alarms = alarms
    }

    static var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Takes the terminal's input from now on, unless this program is in the background.
    func begin() {
        isWanted = true
        resume()
    }

    private func resume() {
        guard tcgetpgrp(STDIN_FILENO) == getpgrp() else { return }
        if !isReading {
            guard tcgetattr(STDIN_FILENO, &former) == 0 else { return }
            alarms.add(STDIN_FILENO)
            isReading = true
        }
        var mode = former
        // Signals by Ctrl-C and Ctrl-Z stay.
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        mode.c_iflag |= tcflag_t(ICRNL)
        withUnsafeMutableBytes(of: &mode.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        // Keeps what was typed already.
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        show()
    }

    /// Restores the terminal. The rest of a paste is dropped: a shell would run it.
    func end() {
        isWanted = false
        suspend()
    }

    private func suspend() {
        guard isReading else { return }
        hide()
        leave()
        if tcgetpgrp(STDIN_FILENO) == getpgrp() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &former) }
    }

    private func leave() {
        isReading = false
        alarms.remove(STDIN_FILENO)
    }

    /// Returns what has become of the input since the last call.
    func take() -> [TypedLines.Event] {
        var look = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard isReading, poll(&look, 1, 0) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = SystemCall.uninterrupted { read(STDIN_FILENO, &bytes, bytes.count) }
        guard count > 0 else {
            // The terminal is gone, or another process group's.
            leave()
            return []
        }
        let events = lines.take(bytes.prefix(count))
        if events.isEmpty {
            show()
        } else {
            hide()
            if events.contains(.end) { end() }
        }
        return events
    }

    /// Stops this program as a signal says, and takes the terminal again afterwards.
    func received(_ signal: Int32) {
        switch signal {
        case SIGTSTP:
            suspend()
            kill(getpid(), SIGSTOP)
        case SIGCONT: if isWanted { resume() }
        default: break
        }
    }

    /// Writes the beginning of the unfinished line, after the prompt.
    func show() {
        guard isReading else { return }
        let wanted = Self.prompt + lines.shown
        let common = zip(visible.utf8, wanted.utf8).prefix { $0 == $1 }.count
        write(Self.erasure(visible.utf8.count - common) + wanted.dropFirst(common))
        visible = wanted
    }

    /// Takes it from the screen, for other output.
    func hide() {
        write(Self.erasure(visible.utf8.count))
        visible = ""
    }

    private static func erasure(_ count: Int) -> String { String(repeating: "\u{8} \u{8}", count: count) }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = SystemCall.writeAll(UnsafeRawBufferPointer($0), to: STDOUT_FILENO, waitsForRoom: true) }
    }
}

internal import Glibc

/// The names of signals that a command can be sent (signal(7)).
enum SignalName {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "USR1": SIGUSR1, "USR2": SIGUSR2, "PIPE": SIGPIPE,
        "ALRM": SIGALRM, "TERM": SIGTERM, "CHLD": SIGCHLD, "CONT": SIGCONT, "TSTP": SIGTSTP, "TTIN": SIGTTIN,
        "TTOU": SIGTTOU, "URG": SIGURG, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF,
        "WINCH": SIGWINCH, "IO": SIGIO, "PWR": SIGPWR,
    ]

    /// Returns the number of `HUP`, `SIGHUP` or `1`; `nil` for any other text, and for signals that no program can handle.
    static func number(of text: String) -> Int32? {
        if let number = Int32(text) {
            return (1...64).contains(number) && ![9, 19, 32, 33].contains(number) ? number : nil
        }
        let name = text.uppercased()
        return numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }
}

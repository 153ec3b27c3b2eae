internal import AgentAPI
internal import Formats
internal import Glibc
internal import System

/// Reads the address to which a browser was sent from standard input; never from an argument, because
/// /proc/PID/cmdline is world-readable.
enum PastedInput {
    static func read() throws -> String {
        isatty(STDIN_FILENO) == 1 ? try line() : try all()
    }

    private static func all() throws -> String {
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(STDIN_FILENO, into: &bytes, limit: 2 * TypedLines.longest) {
            throw Failure("cannot read standard input: \(String(cString: strerror(code)))")
        }
        guard let address = TypedLines.address(in: bytes) else { throw none }
        return address
    }

    private static func line() throws -> String {
        let alarms = try LoginAlarms(atTerminal: true)
        guard let terminal = PasteTerminal(alarms) else { throw none }
        Console.say("paste the whole address of the page to which the browser was sent, then press Enter\n")
        terminal.begin()
        defer { terminal.end() }
        while true {
            alarms.wait()
            for signal in alarms.signals() {
                switch signal {
                case SIGINT, SIGTERM: throw Failure("no address was given")
                case SIGHUP, SIGQUIT:
                    terminal.end()
                    ProcessEnd.die(of: signal)
                default: terminal.received(signal)
                }
            }
            for event in terminal.take() {
                switch event {
                case .line(let text): return text
                case .tooLong, .end: throw none
                }
            }
        }
    }

    private static var none: Failure {
        Failure(
            "standard input does not contain an address",
            hint: "copy the whole address from the browser, at most \(TypedLines.longest) bytes", code: .usage)
    }
}

internal import CLinux
internal import Glibc

/// A program to start with default signals, the usual limit of descriptors, and no descriptor of the caller's but those
/// named, in / where nothing else is said.
///
/// The functions return 0 or an error number. The caller waits for the end of the process.
public struct ProgramStart: Sendable {
    public let path: String
    private let arguments: [String]
    private let environment: [String]

    /// `arguments`: without the program's own name.
    public init(_ path: String, _ arguments: [String] = [], environment: [String: String]) {
        self.path = path
        self.arguments = [path] + arguments
        self.environment = environment.map { "\($0.key)=\($0.value)" }
    }

    /// Starts it as a daemon, in a session of its own: no input, `log` as its output, `extra` as descriptor 3.
    public func daemon(log: Int32, extra: Int32) -> Int32 {
        withCStrings { clinux_spawn_daemon(path, $0, $1, log, extra) }
    }

    /// Starts it without input.
    public func process(output: Int32, errors: Int32, _ pid: inout Int32) -> Int32 {
        withCStrings { clinux_spawn(path, $0, $1, output, errors, &pid) }
    }

    /// Starts it in this process's directory, in a process group of its own, with these descriptors as input and
    /// output; a negative one is /dev/null. Its errors are discarded.
    public func inPlace(input: Int32, output: Int32, _ pid: inout Int32) -> Int32 {
        withCStrings { clinux_spawn_in_place(path, $0, $1, input, output, &pid) }
    }

    /// Starts it with `channel` as input and output, its errors discarded. `file`: the open file to run, not the path.
    public func helper(channel: Int32, file: Int32? = nil, _ pid: inout Int32) -> Int32 {
        withCStrings { clinux_spawn_helper(path, file ?? -1, $0, $1, channel, &pid) }
    }

    /// Starts it in a session and process group of its own; `output` also takes its errors.
    public func session(input: Int32, output: Int32, _ pid: inout Int32) -> Int32 {
        withCStrings { clinux_spawn_session(path, $0, $1, input, output, &pid) }
    }

    /// A copy of the program in memory that its own user may run and not read: the kernel protects its process from
    /// other processes of that user from execve(2) on. Negative if there is none, as of a script.
    public func unreadableCopy() -> Int32 { clinux_unreadable_program(path) }

    private func withCStrings<Value>(
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>)
            ->
            Value
    ) -> Value {
        var (arguments, environment) = (Self.copies(arguments), Self.copies(environment))
        defer { for text in arguments + environment { free(text) } }
        return body(&arguments, &environment)
    }

    /// Ends with `nil`, as execve(2) wants it.
    private static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { text in text.withCString { strdup($0) } } + [nil]
    }
}

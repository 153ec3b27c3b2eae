internal import AuthagentClient
internal import Glibc
internal import System

/// Runs git where git has started this program: in its directory, with its environment and settings of the command
/// line.
struct GitCommand {
    let path: String
    let environment: [String: String]
    let deadline: Deadline

    /// git puts the directory of its own programs first in PATH.
    static func find() -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").lazy.filter { $0.hasPrefix("/") }.map { "\($0)/git" }
            .first { access($0, X_OK) == 0 }
    }

    /// Returns what the command prints; empty if it fails.
    func output(_ arguments: [String]) -> [UInt8] {
        guard let pipe = DescriptorPair.pipe() else { return [] }
        let reading = Descriptor(owning: pipe.first)
        var process: Process?
        do {
            let writing = Descriptor(owning: pipe.second)
            process = start(arguments, output: writing.raw)
        }
        guard let process else { return [] }
        var bytes: [UInt8] = []
        let error = SystemCall.readAll(reading.raw, into: &bytes, limit: HelperInput.longest) { deadline.milliseconds }
        return process.end(deadline) && error == nil ? bytes : []
    }

    /// Runs the command with this input, which a pipe has room for.
    func run(_ arguments: [String], input: borrowing RawBytes) { _ = start(arguments, input: input)?.end(deadline) }

    /// Starts the command with this input, and does not wait for its end.
    func leave(_ arguments: [String], input: borrowing RawBytes) { _ = start(arguments, input: input) }

    private func start(_ arguments: [String], input: borrowing RawBytes) -> Process? {
        guard let pipe = DescriptorPair.pipe() else { return nil }
        var process: Process?
        do {
            let reading = Descriptor(owning: pipe.first)
            process = start(arguments, input: reading.raw)
        }
        let writing = Descriptor(owning: pipe.second)
        if fcntl(writing.raw, F_SETFL, O_NONBLOCK) == 0 {
            _ = input.withBytes { SystemCall.writeAll(UnsafeRawBufferPointer($0), to: writing.raw) }
        }
        return process
    }

    private func start(_ arguments: [String], input: Int32 = -1, output: Int32 = -1) -> Process? {
        var pid: pid_t = 0
        let start = ProgramStart(path, arguments, environment: environment)
        return start.inPlace(input: input, output: output, &pid) == 0 ? Process(pid: pid) : nil
    }

    /// A command with a process group of its own.
    private struct Process {
        let pid: pid_t

        /// Waits for the end, and kills at the deadline what is left of it. Returns whether it has succeeded.
        func end(_ deadline: Deadline) -> Bool {
            let descriptor = ProcessDescriptor.open(pid)
            if descriptor >= 0 {
                let process = Descriptor(owning: descriptor)
                var wait = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
                while poll(&wait, 1, deadline.milliseconds) < 1, deadline.milliseconds > 0 {}
            }
            // Not reaped yet, so its number is still its own.
            kill(-pid, SIGKILL)
            var status: Int32 = -1
            _ = SystemCall.uninterrupted { waitpid(pid, &status, 0) }
            return status == 0
        }
    }
}

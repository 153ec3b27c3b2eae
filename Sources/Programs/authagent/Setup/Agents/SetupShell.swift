internal import AuthagentClient
internal import Glibc
internal import System

/// Runs lines of sh(1) and asks the machine, for the set-up of an agent.
struct SetupShell {
    let environment: [String: String]

    /// Longer than the 90 s that systemd gives a unit to start or to stop.
    private static let patience: Duration = .seconds(120)
    private static let longestOutput = 1 << 20

    /// `variables` are added to this process's environment.
    init(_ variables: [String: String] = [:]) {
        var environment = processEnvironment()
        // Users' shells often lack the directories of an administrator's programs.
        environment["PATH"] = (environment["PATH"].map { $0 + ":" } ?? "") + "/usr/sbin:/usr/bin:/sbin:/bin"
        environment["LC_ALL"] = "C"
        self.environment = environment.merging(variables) { $1 }
    }

    struct Output {
        /// The exit code; negative after a signal, and after the time.
        var status: Int32
        var text: String
    }

    /// Runs the line to its end, without input; output and errors are one text.
    func run(_ line: String) throws -> Output {
        guard let ends = DescriptorPair.pipe() else { throw Self.notStarted(errno) }
        let reading = Descriptor(owning: ends.first)
        var pid: pid_t = 0
        let failure = ProgramStart("/bin/sh", ["-ec", line], environment: environment)
            .process(output: ends.second, errors: ends.second, &pid)
        close(ends.second)
        guard failure == 0 else { throw Self.notStarted(failure) }
        let deadline = Deadline(Self.patience)
        var bytes: [UInt8] = []
        let error = SystemCall.readAll(reading.raw, into: &bytes, limit: Self.longestOutput) { deadline.milliseconds }
        if error != nil { kill(pid, SIGKILL) }
        var status: Int32 = 0
        _ = SystemCall.uninterrupted { waitpid(pid, &status, 0) }
        let signal = status & 0x7F
        return Output(
            status: signal == 0 ? status >> 8 & 0xFF : -signal, text: String(decoding: bytes, as: UTF8.self))
    }

    /// The output without the last line feed; `nil` if the line fails.
    func answer(_ line: String) -> String? {
        guard let output = try? run(line), output.status == 0 else { return nil }
        return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
    }

    func succeeds(_ line: String) -> Bool { answer(line) != nil }

    private static func notStarted(_ code: Int32) -> Failure {
        Failure("cannot start /bin/sh: \(String(cString: strerror(code)))", hint: "run 'ls -l /bin/sh' to see why")
    }

    /// Whether there is a file; `nil` if only root can see that.
    static func exists(_ path: String) -> Bool? {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        return errno == ENOENT || errno == ENOTDIR ? false : nil
    }

    /// The names in a directory; `nil` if it cannot be read.
    static func names(in path: String) -> [String]? {
        guard let directory = opendir(path) else { return errno == ENOENT || errno == ENOTDIR ? [] : nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

internal import AuthagentClient
internal import Glibc
internal import System

/// A tool's own program, which changes a copy of its configuration: it knows its format best.
struct ToolProgram {
    private let path: String
    private let environment: [String: String]

    /// `nil` if it is not in PATH. It gets PATH, HOME and `variables`, and nothing else of the environment.
    init?(_ name: String, _ place: SetupPlace, variables: [String: String] = [:]) {
        guard let path = place.find(name) else { return nil }
        self.path = path
        environment = ["PATH": place.environment["PATH"] ?? "", "HOME": place.home, "LC_ALL": "C"]
            .merging(variables) { $1 }
    }

    private static let patience: Duration = .seconds(20)
    private static let longestOutput = 1 << 20

    struct Output {
        /// The exit code; negative after a signal.
        var status: Int32
        var text: String
    }

    /// Runs it to its end, without input; output and errors are one text.
    func run(_ arguments: [String]) throws -> Output {
        guard let ends = DescriptorPair.pipe() else { throw notStarted(errno) }
        let reading = Descriptor(owning: ends.first)
        var pid: pid_t = 0
        let failure = ProgramStart(path, arguments, environment: environment)
            .process(output: ends.second, errors: ends.second, &pid)
        close(ends.second)
        guard failure == 0 else { throw notStarted(failure) }
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

    /// Runs it, and throws its first line if it fails; in that line `file` has the name `shown`.
    @discardableResult
    func succeed(_ arguments: [String], replacing file: String = "", with shown: String = "") throws -> String {
        try require(run(arguments), replacing: file, with: shown)
    }

    /// Throws the first line of an output, as `succeed` does; returns its text.
    @discardableResult
    func require(_ output: Output, replacing file: String = "", with shown: String = "") throws -> String {
        guard output.status == 0 else {
            let line = output.text.split(separator: "\n").first.map(String.init) ?? "it ended with \(output.status)"
            let reason = file.isEmpty ? line : line.replacing(file, with: shown)
            throw Failure(
                "\(path) refuses the change: \(reason)",
                hint: "repair the file, or run the same command without --write and add the lines yourself")
        }
        return output.text
    }

    private func notStarted(_ code: Int32) -> Failure {
        Failure("cannot start \(path): \(String(cString: strerror(code)))", hint: "run 'ls -l \(path)' to see why")
    }
}

/// A private copy of a file for a tool's own program, removed with this object.
final class ScratchFile {
    let path: String
    private let directory: String

    /// `text`: `nil` for a file that does not exist yet.
    init(_ text: [UInt8]?) throws {
        let parent = processEnvironment()["XDG_RUNTIME_DIR"].flatMap { Self.isPrivate($0) ? $0 : nil } ?? "/tmp"
        var template = Array((parent + "/authagent-setup.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure("cannot create a directory in \(parent): \(String(cString: strerror(errno)))")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = directory + "/config"
        guard let text else { return }
        do throws(UnfinishedFile.Failure) {
            let file = try UnfinishedFile(path + ".new")
            try file.write(text)
            try file.rename(to: path)
        } catch {
            throw Failure("cannot write \(path): \(String(cString: strerror(error.code)))")
        }
    }

    /// Whether the names below a directory are this user's alone: after sudo the variable may be another user's.
    private static func isPrivate(_ directory: String) -> Bool {
        var status = stat()
        return directory.hasPrefix("/") && lstat(directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }

    deinit {
        unlink(path)
        rmdir(directory)
    }

    /// The text that the program has left.
    func text() throws -> [UInt8] {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard raw >= 0 else { throw Failure("cannot read \(path): \(String(cString: strerror(errno)))") }
        let file = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(file.raw, into: &bytes, limit: 8 << 20) {
            throw Failure("cannot read \(path): \(String(cString: strerror(code)))")
        }
        return bytes
    }
}

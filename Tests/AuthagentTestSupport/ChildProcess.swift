import Foundation
import Synchronization
import Testing

/// A real program that a test started. It is killed, by its id, with this object at the latest.
public final class ChildProcess: Sendable {
    private let process: Process
    private let input: Pipe
    private let output = Collector()
    private let errors = Collector()
    private let ended = Gate()

    public struct Result: Sendable {
        public let status: Int32
        public let output: String
        public let errors: String

        public var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Starts the program; `environment` is all that it gets.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], input text: String? = ""
    ) throws {
        process = Process()
        input = Pipe()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = input
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.terminationHandler = { [ended] _ in ended.open() }
        output.read(out)
        errors.read(err)
        try process.run()
        if let text {
            input.fileHandleForWriting.write(Data(text.utf8))
            try input.fileHandleForWriting.close()
        }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    public var pid: Int32 { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }
    public var outputSoFar: String { output.text }
    public var errorsSoFar: String { errors.text }

    /// Waits for the program's end and all of its output.
    public func result() async -> Result {
        await ended.pass()
        await output.ended.pass()
        await errors.ended.pass()
        return Result(status: process.terminationStatus, output: output.text, errors: errors.text)
    }

    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    public func closeInput() { try? input.fileHandleForWriting.close() }

    /// The first line of output that begins like this.
    public func line(beginning prefix: String = "") async -> String {
        @Sendable func find() -> String? {
            outputSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix(prefix) }.map(String.init)
        }
        await eventually("no line '\(prefix)…' from \(process.executableURL?.path ?? "")") {
            find() != nil || !self.isRunning
        }
        return find() ?? ""
    }

    /// Runs a program to its end.
    public static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = programEnvironment,
        input: String = ""
    ) async throws -> Result {
        try await ChildProcess(executable, arguments, environment: environment, input: input).result()
    }

    /// What a program of the system needs to run, and nothing of the tester's.
    public static let programEnvironment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    private final class Collector: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        let ended = Gate()

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func read(_ pipe: Pipe) {
            pipe.fileHandleForReading.readabilityHandler = { handle in
                let data = handle.availableData
                guard !data.isEmpty else {
                    handle.readabilityHandler = nil
                    return self.ended.open()
                }
                self.bytes.withLock { $0 += data }
            }
        }
    }
}

/// A program that the tests need and the machine lacks.
public struct MissingProgram: Error, CustomStringConvertible {
    let name: String
    let package: String

    public var description: String { "\(name) is missing: run 'apt-get install \(package)'" }

    /// The program's path, or an error that names its Debian package.
    public static func require(_ name: String, package: String) throws -> String {
        for directory in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"] {
            let path = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw MissingProgram(name: name, package: package)
    }
}

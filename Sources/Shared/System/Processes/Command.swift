internal import CLinux
internal import Glibc

/// What a command gets of this process besides its descriptors and its directory, as it was before this program changed it.
public struct CommandSurroundings {
    fileprivate var mask = sigset_t()
    fileprivate let ignoresPipe: Bool
    fileprivate let coreLimit: UInt64

    /// Notes the signals that are blocked now. `ignoresPipe` and `coreLimit` are those of this program's start.
    public init(ignoresPipe: Bool, coreLimit: UInt64) {
        sigprocmask(SIG_BLOCK, nil, &mask)
        self.ignoresPipe = ignoresPipe
        self.coreLimit = coreLimit
    }
}

/// A command that takes this program's place or runs as its child, as a shell would start it: with the caller's
/// descriptors, directory, process group and terminal.
public struct Command {
    /// The last arguments of this process, byte for byte: not every file name is UTF-8.
    private let arguments: [UnsafeMutablePointer<CChar>?]
    public var environment: CommandEnvironment
    /// A descriptor of this process, and the number that it has in the command; `nil` for none.
    public var descriptor: (source: Int32, target: Int32)?
    private let surroundings: CommandSurroundings

    /// `arguments` ends with `nil` and lives as long as the process; the first is the program, found in PATH.
    public init(
        _ arguments: [UnsafeMutablePointer<CChar>?], _ environment: CommandEnvironment,
        in surroundings: CommandSurroundings
    ) {
        self.arguments = arguments
        self.environment = environment
        self.surroundings = surroundings
    }

    /// Becomes the command. Returns an error number if it cannot be executed.
    public func become() -> Int32 { withCommand { clinux_become(&$0) } }

    /// Starts it as a child, which is killed if this thread ends. Throws an error number if it cannot be executed.
    public func start() -> Result<CommandProcess, CommandFailure> {
        var pid: pid_t = 0
        let code = withCommand { clinux_start(&$0, &pid) }
        return code == 0 ? .success(CommandProcess(pid: pid)) : .failure(CommandFailure(code: code))
    }

    private func withCommand(_ body: (inout clinux_command) -> Int32) -> Int32 {
        var arguments = arguments
        var mask = surroundings.mask
        return environment.withCStrings { environment in
            arguments.withUnsafeMutableBufferPointer { arguments in
                withUnsafePointer(to: &mask) { mask in
                    var command = clinux_command(
                        arguments: arguments.baseAddress, environment: environment, mask: mask,
                        ignores_pipe: surroundings.ignoresPipe ? 1 : 0, core_limit: surroundings.coreLimit,
                        source: descriptor?.source ?? -1, target: descriptor?.target ?? -1)
                    return body(&command)
                }
            }
        }
    }
}

/// The error number of execve(2) or fork(2).
public struct CommandFailure: Error, Equatable, Sendable {
    public let code: Int32
}

/// A command that runs as a child.
public struct CommandProcess: Sendable {
    public let pid: Int32

    /// A change of the child's state.
    public enum Change: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case stopped(signal: Int32)
        case continued
    }

    /// The next change that has not been returned yet; `nil` without one.
    public func change() -> Change? {
        var (code, isSignal): (Int32, Int32) = (0, 0)
        switch clinux_child_change(pid, &code, &isSignal) {
        case 1: return isSignal == 1 ? .killed(signal: code) : .exited(code)
        case 2: return code == SIGCONT ? .continued : .stopped(signal: code)
        default: return nil
        }
    }

    /// Whether it has ended, which `change` still returns.
    public var hasEnded: Bool { clinux_child_has_ended(pid) != 0 }

    /// The process is not waited for before it has ended, so that its number is its own.
    public func send(_ signal: Int32) { _ = kill(pid, signal) }
}

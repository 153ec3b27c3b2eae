internal import Glibc
internal import System

/// The ways in which the command gets its token.
struct TokenDelivery {
    let variables: [String]
    let file: TokenFile?
    let fileVariables: [String]
    /// The command's descriptor.
    let descriptor: Int32?
}

/// The command, which may be started more than once.
struct Launch {
    let arguments: [UnsafeMutablePointer<CChar>?]
    let environment: CommandEnvironment
    let surroundings: CommandSurroundings
    let delivery: TokenDelivery

    /// Returns the command with this token, after the file has it. The caller closes the source of its descriptor.
    func command(_ token: IssuedToken?) throws(Failure) -> Command {
        var environment = environment
        var source: Int32?
        if let token {
            for name in delivery.variables { environment.set(name, to: token.text) }
            if let file = delivery.file {
                try file.write(token.text)
                for name in delivery.fileVariables { environment.set(name, to: file.path) }
            }
            if delivery.descriptor != nil { source = try Self.memory(token.text) }
        }
        var command = Command(arguments, environment, in: surroundings)
        if let source, let target = delivery.descriptor { command.descriptor = (source, target) }
        return command
    }

    /// Returns a sealed file in memory.
    private static func memory(_ token: String) throws(Failure) -> Int32 {
        guard let file = MemoryFile.holding(Array(token.utf8)) else {
            throw Failure("cannot create a file in memory: \(String(cString: strerror(errno)))")
        }
        return file.consumeRaw()
    }

    /// Why the command cannot be executed, with the exit code of a shell (POSIX.1-2017, XCU 2.8.2).
    func failure(_ code: Int32) -> CommandNotStarted {
        let name = arguments.first.flatMap { $0 }.map { String(cString: $0) } ?? ""
        return CommandNotStarted(name: name, code: code)
    }
}

/// The failure of execve(2).
struct CommandNotStarted: Error {
    let name: String
    let code: Int32

    var failure: Failure {
        let reason = String(cString: strerror(code)).lowercased()
        let hint =
            switch code {
            case ENOENT: "check the command's name, and PATH; of a script, also the interpreter in its first line"
            case EACCES: "run 'ls -l' on it: it must be an executable file"
            case E2BIG: "give the command fewer arguments, or a shorter environment"
            default: "check the command's file"
            }
        return Failure("cannot run \(name): \(reason)", hint: hint)
    }

    var exitCode: Int32 { code == ENOENT ? 127 : 126 }
}

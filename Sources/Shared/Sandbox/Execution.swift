internal import CSandbox
internal import Glibc
internal import System

/// The one program that the process may still execute.
///
/// The kernel compares the address of execve(2)'s path, because a filter cannot read the path itself. The address is of a
/// page that this program writes once.
struct Execution {
    let measure: Measure
    /// The directories whose programs Landlock lets be executed; `nil` for all. Not the files: an update replaces them,
    /// of the C library's loader too, and the new ones would not have the right.
    let programs: [String]?
    /// The addresses of the paths that execve(2) may get; `nil` for any.
    let addresses: [UInt]?

    /// `nil` for no program at all.
    init(_ program: String?) {
        guard let program else {
            (measure, programs, addresses) = (.applied, [], [])
            return
        }
        // A script's interpreter, and what that runs, would each need the same right.
        guard !Self.isScript(program) else {
            (measure, programs, addresses) = (.off("\(program) is a script"), nil, nil)
            return
        }
        programs = [program, Self.interpreter].compactMap { $0 }.map(Self.directory)
        addresses = FixedProgram.fix(program)
        measure = addresses == nil ? .unavailable("no memory is left") : .applied
    }

    /// An installed program cannot be read by its user, and is none.
    private static func isScript(_ path: String) -> Bool {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { return false }
        let file = Descriptor(owning: raw)
        var magic: [UInt8] = [0, 0]
        return read(file.raw, &magic, 2) == 2 && magic == Array("#!".utf8)
    }

    /// The directory of a program, without links; the program itself if its path cannot be resolved.
    private static func directory(of program: String) -> String {
        guard let resolved = realpath(program, nil) else { return program }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? path
    }

    /// The program that the kernel runs to load others of the same kind; `nil` if there is none.
    private static var interpreter: String? { csandbox_interpreter().map { String(cString: $0) } }
}

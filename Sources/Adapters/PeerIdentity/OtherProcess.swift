internal import Sandbox
internal import System

/// What is read of another process that the kernel shows only to a process that may trace it.
///
/// Under Landlock this one may not, and a process reader does it; otherwise it is read here.
enum OtherProcess {
    /// The text of /proc/PID/exe; `nil` if it cannot be read.
    static func link(of pid: Int32) -> String? {
        guard let reader = ProcessReader.shared else { return ProcessFile.link("/proc/\(pid)/exe") }
        return reader.program(of: pid)?.link
    }

    /// The same with the process's attributes; `nil` if either cannot be read.
    static func program(of pid: Int32) -> (link: String, status: ProcessStatus)? {
        guard let reader = ProcessReader.shared else {
            guard let link = ProcessFile.link("/proc/\(pid)/exe"), let status = ProcessStatus(of: pid) else {
                return nil
            }
            return (link, status)
        }
        guard let program = reader.program(of: pid), let status = ProcessStatus(stat: program.stat) else { return nil }
        return (program.link, status)
    }

    /// Calls `body` with a path that leads to the file that a process runs; `nil` if there is none. Blocks as long as the
    /// file's server does.
    static func withExecutable<Value>(of pid: Int32, _ body: (String) -> Value?) -> Value? {
        guard let reader = ProcessReader.shared else { return body("/proc/\(pid)/exe") }
        guard let file = reader.executable(of: pid) else { return nil }
        // A look-up thread has descriptors of its own, which /proc/self does not show.
        return body("/proc/thread-self/fd/\(file.raw)")
    }
}

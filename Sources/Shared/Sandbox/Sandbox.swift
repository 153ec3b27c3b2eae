internal import CSandbox
internal import Glibc
internal import System

/// The restrictions that a process puts on itself, once and for good: what it needs later must be named here.
///
/// Each step goes on where the kernel or a container does not allow it, and says so in the report.
public struct Sandbox: Sendable {
    public let report: SandboxReport
    /// The directories in which files may be changed, as the plan names them.
    private let names: Set<String>

    /// What a process keeps.
    public struct Plan: Sendable {
        public var calls: [SystemCallGroup]
        public var sockets: [SocketFamily]
        /// The one program that may be executed; `nil` for none.
        public var program: String?
        public var files: FileAccess
        /// Whether other processes are looked at, which needs a process reader beside Landlock.
        public var readsProcesses: Bool

        public init(
            calls: [SystemCallGroup], sockets: [SocketFamily], program: String? = nil, files: FileAccess,
            readsProcesses: Bool = false
        ) {
            self.calls = calls
            self.sockets = sockets
            self.program = program
            self.files = files
            self.readsProcesses = readsProcesses
        }
    }

    /// Enters the sandbox, before the process has a second thread: Landlock restricts the calling thread and those that
    /// it starts.
    public static func enter(_ plan: Plan) -> Sandbox {
        let isAlone = waitUntilAlone()
        let privileges = csandbox_no_new_privileges()
        let noNewPrivileges = measure(privileges)
        var report = SandboxReport(
            noNewPrivileges: noNewPrivileges, systemCalls: .off(""), execution: .off(""), files: .off(""),
            processReader: .off("this program does not look at other processes"))
        // Both wish for it, or for a privilege that would be given up by it.
        guard noNewPrivileges.isApplied else {
            report.systemCalls = noNewPrivileges
            report.execution = noNewPrivileges
            report.files = noNewPrivileges
            return Sandbox(report: report, names: [])
        }
        let execution = Execution(plan.program)
        let names = restrictFiles(plan, execution, isAlone: isAlone, &report)
        report.systemCalls = SystemCallFilter(plan.calls, sockets: plan.sockets, execution: execution).load()
        report.execution = report.systemCalls.isApplied ? execution.measure : report.systemCalls
        return Sandbox(report: report, names: names)
    }

    /// Whether files in the directory can be changed, as far as the sandbox goes. Only a directory that the plan does not
    /// name is looked at.
    public func allowsWriting(to directory: String) -> Bool {
        guard report.files.isApplied, !names.contains(directory) else { return true }
        let path = TrustedFile.resolved(directory)
        return report.writable.contains { path == $0 || path.hasPrefix($0 == "/" ? "/" : $0 + "/") }
    }

    /// Returns the names of the directories that may be changed.
    private static func restrictFiles(
        _ plan: Plan, _ execution: Execution, isAlone: Bool, _ report: inout SandboxReport
    ) -> Set<String> {
        let version = csandbox_landlock_version()
        guard version > 0 else {
            report.files = .unavailable("Landlock cannot be used: \(text(-version))")
            report.processReader = .off("Landlock is not in force")
            return []
        }
        report.landlockVersion = Int(version)
        guard isAlone else {
            report.files = .unavailable("the process has other threads already")
            return []
        }
        if plan.readsProcesses {
            report.processReader = ProcessReader.start()
            guard report.processReader.isApplied else {
                report.files = .unavailable("there is no process that reads of others what Landlock hides")
                return []
            }
        }
        let entered = plan.files.enter(version: Int(version), executing: execution.programs)
        report.files = entered.measure
        report.writable = Set(entered.writable.values).sorted()
        if !report.files.isApplied, plan.readsProcesses {
            ProcessReader.stop()
            report.processReader = .off("Landlock is not in force")
        }
        return Set(entered.writable.keys)
    }

    /// Waits for threads that are about to end, as one that has looked at a file for the settings. One that a file system
    /// blocks is not waited for.
    private static func waitUntilAlone() -> Bool {
        for _ in 0..<100 {
            if csandbox_thread_count() == 1 { return true }
            usleep(1_000)
        }
        return false
    }

    static func measure(_ result: Int32) -> Measure {
        result >= 0 ? .applied : .unavailable(text(-result))
    }

    static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}

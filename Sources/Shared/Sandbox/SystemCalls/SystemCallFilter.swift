internal import CSeccomp
internal import Glibc

/// A filter of system calls (seccomp(2)): what no rule allows fails with EPERM, as under SystemCallErrorNumber=EPERM of
/// systemd.exec(5). It ends no process, because libraries try calls that they can do without.
struct SystemCallFilter {
    private let groups: [SystemCallGroup]
    private let sockets: [SocketFamily]
    private let execution: Execution

    /// Calls with arguments in memory, where a filter cannot see them. A library then takes the call that it had before;
    /// EPERM would be an answer to it.
    private static let absent = ["clone3", "openat2"]
    /// The same for calls that a kernel of today or tomorrow has and no list here.
    private static let future: ClosedRange<Int32> = 451...511

    init(_ groups: [SystemCallGroup], sockets: [SocketFamily], execution: Execution) {
        self.groups = groups
        self.sockets = sockets
        self.execution = execution
    }

    /// Puts all threads of the process under the filter.
    func load() -> Measure {
        guard let filter = cseccomp_begin(EPERM) else { return .unavailable("no memory is left") }
        defer { seccomp_release(filter) }
        var code = cseccomp_set_up(filter, EPERM)
        if code == 0 { code = add(to: filter) }
        if code == 0 { code = seccomp_load(filter) }
        return code == 0 ? .applied : .unavailable("the kernel refuses the filter: \(Sandbox.text(-code))")
    }

    private func add(to filter: scmp_filter_ctx) -> Int32 {
        var allowed: Set<Int32> = []
        for name in groups.flatMap(\.names) {
            let number = seccomp_syscall_resolve_name(name)
            // Negative: not on this architecture, or not known to this libseccomp.
            guard number >= 0, allowed.insert(number).inserted else { continue }
            let code = seccomp_rule_add_array(filter, cseccomp_allow(), number, 0, nil)
            guard code == 0 else { return code }
        }
        for rule in groups.flatMap(\.rules) + socketRules + executionRules {
            let number = seccomp_syscall_resolve_name(rule.name)
            guard number >= 0 else { continue }
            let code = Self.add(rule, number, to: filter)
            guard code == 0 else { return code }
        }
        for number in Self.absent.map({ seccomp_syscall_resolve_name($0) }) + Self.future where number >= 0 {
            guard !allowed.contains(number) else { continue }
            let code = seccomp_rule_add_array(filter, cseccomp_fail(ENOSYS), number, 0, nil)
            guard code == 0 else { return code }
        }
        return 0
    }

    private var socketRules: [SystemCallRule] {
        sockets.map { SystemCallRule("socket", SystemCallRule.int(0, $0.rawValue)) }
    }

    /// execveat(2) stays refused: its path can be a descriptor.
    private var executionRules: [SystemCallRule] {
        guard let addresses = execution.addresses else { return [SystemCallRule("execve")] }
        return addresses.map { SystemCallRule("execve", .value(argument: 0, UInt64($0))) }
    }

    private static func add(_ rule: SystemCallRule, _ number: Int32, to filter: scmp_filter_ctx) -> Int32 {
        let tests = rule.tests.map { test -> scmp_arg_cmp in
            switch test {
            case .bits(let argument, let mask, let value):
                scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
            case .value(let argument, let value):
                scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
            }
        }
        return seccomp_rule_add_array(filter, cseccomp_allow(), number, UInt32(tests.count), tests)
    }
}

extension Sandbox {
    /// The version of libseccomp, as `2.5.4`.
    public static var libraryVersion: String {
        guard let version = seccomp_version()?.pointee else { return "unknown" }
        return "\(version.major).\(version.minor).\(version.micro)"
    }
}

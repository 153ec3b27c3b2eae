extension SystemCallGroup {
    /// What the agent needs. Left out, and so refused: other programs and their memory (ptrace, process_vm_*, kcmp,
    /// pidfd_getfd), mounts and namespaces, other users (set*id, capset), keys of the kernel (keyctl), bpf,
    /// perf_event_open, userfaultfd, io_uring, modules, clocks, quotas, device files, SysV IPC.
    public static let daemon: [SystemCallGroup] = [
        memory, threads, signals, time, transfers, events, files, changes, sockets, listening, programs, process,
        furtherRestriction,
    ]

    /// What the keyring helper needs: no listener, no program, and no file of its own.
    public static let keyringHelper: [SystemCallGroup] = [
        memory, threads, signals, time, transfers, events, files, sockets, process,
    ]

    /// What the process reader needs: to look, and to answer. Files open for reading only.
    static let processReader: [SystemCallGroup] = [memory, threads, signals, looking]

    private static let memory = SystemCallGroup(
        "allocators, secrets locked into memory, libraries loaded later, stacks of threads",
        """
        brk munmap mremap madvise mlock mlock2 munlock mlockall munlockall msync mincore membarrier get_mempolicy
        map_shadow_stack mseal
        """,
        // As MemoryDenyWriteExecute= of systemd.exec(5): no memory is both written and executed.
        rules: ["mmap", "mmap2"].flatMap { name in
            [
                SystemCallRule(name, SystemCallRule.without(2, Protection.write)),
                SystemCallRule(name, SystemCallRule.without(2, Protection.execution)),
            ]
        } + ["mprotect", "pkey_mprotect"].map { SystemCallRule($0, SystemCallRule.without(2, Protection.execution)) })

    private static let threads = SystemCallGroup(
        "threads of Swift, libdispatch, libcurl's resolver and GLib, their locks and priorities, and the end",
        """
        futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list rseq
        set_tid_address gettid arch_prctl set_thread_area get_thread_area set_tls cacheflush riscv_flush_icache
        riscv_hwprobe sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_getattr
        sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority setpriority getcpu
        exit exit_group restart_syscall
        """,
        // Without namespaces. clone3(2) has its flags in memory, so it fails as if there were none (SystemCallFilter).
        rules: [SystemCallRule("clone", SystemCallRule.without(0, namespaces))])

    private static let signals = SystemCallGroup(
        "signals that end or reload the agent; abort(3) after a crash; the end of a program that is waited for",
        """
        rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend
        rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack signalfd signalfd4 kill tgkill tkill pause sigaction sigpending
        sigprocmask sigreturn sigsuspend signal
        """)

    private static let time = SystemCallGroup(
        "clocks are read, not set; timers of deadlines, polls and the schedule",
        """
        clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep
        gettimeofday time times alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime
        timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
        timerfd_settime64
        """)

    private static let transfers = SystemCallGroup(
        "bytes to and from descriptors that are open",
        """
        read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek close close_range dup dup2
        dup3 fcntl fcntl64 ioctl sendfile sendfile64 copy_file_range splice fsync fdatasync sync_file_range
        sync_file_range2 pipe pipe2
        """)

    private static let events = SystemCallGroup(
        "waiting for descriptors, and for changes of files",
        """
        poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
        epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 inotify_init inotify_init1 inotify_add_watch
        inotify_rm_watch
        """)

    private static let files = SystemCallGroup(
        "opening and looking; Landlock decides what may be written; memfd for what a program reads or is",
        """
        creat access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat
        fstatat64 statx statfs statfs64 fstatfs fstatfs64 statmount listmount readlink readlinkat getdents getdents64
        getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr getxattrat listxattrat file_getattr getcwd chdir
        fchdir flock fadvise64 fadvise64_64 arm_fadvise64_64 readahead cachestat memfd_create umask
        """,
        // Landlock before Linux 6.2 does not keep a file from being emptied, by truncate(2), which is left out, or by
        // opening it for reading.
        rules: opening(.without(truncation), .accessing(1), .accessing(2)))

    private static let changes = SystemCallGroup(
        "the files of state, accounts, sinks, audit and log, with owner and mode; the socket's directory",
        """
        mkdir mkdirat rename renameat renameat2 unlink unlinkat rmdir link linkat symlink symlinkat chmod fchmod fchmodat
        fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat ftruncate ftruncate64
        fallocate utime utimes utimensat utimensat_time64 futimesat sync syncfs
        """)

    private static let sockets = SystemCallGroup(
        "providers, name servers, the bus, systemd and journald; the families are named apart",
        """
        connect getsockname getpeername getsockopt setsockopt shutdown sendto send sendmsg sendmmsg recvfrom recv recvmsg
        recvmmsg recvmmsg_time64 bind
        """,
        rules: [SystemCallRule("socketpair", SystemCallRule.int(0, SocketFamily.unix.rawValue))])

    private static let listening = SystemCallGroup(
        "the agent's socket, and the listener of a login by code at a loopback address", "listen accept accept4")

    private static let programs = SystemCallGroup(
        "the keyring helper: a child that becomes it, and its end; execve(2) has a rule of its own (Execution)",
        "vfork fork wait4 waitid waitpid setsid setpgid pidfd_open pidfd_send_signal",
        // A thread that a file system may block has descriptors of its own.
        rules: [SystemCallRule("unshare", SystemCallRule.without(0, ~UInt64(cloneFiles) & 0xFFFF_FFFF))])

    private static let process = SystemCallGroup(
        "facts of this process, its limits, its name; random numbers",
        """
        getpid getppid getpgid getpgrp getsid getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32
        getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 capget getrlimit ugetrlimit setrlimit prlimit64
        getrusage sysinfo uname getrandom
        """,
        rules: processOptions.map { SystemCallRule("prctl", SystemCallRule.int(0, $0)) }
            // What makes it dumpable again stays refused.
            + [SystemCallRule("prctl", SystemCallRule.int(0, 4), SystemCallRule.int(1, 0))])

    private static let furtherRestriction = SystemCallGroup(
        "the keyring helper inherits this filter, and adds its own",
        "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self")

    private static let looking = SystemCallGroup(
        "proc(5), and the way back to the agent",
        """
        read close recvmsg sendmsg readlink readlinkat getdents getdents64 fstat fstat64 newfstatat fstatat64 statx lseek
        fcntl fcntl64 getpid getrandom prlimit64
        """,
        rules: opening(.without(openingToWrite)))

    /// Rules for both calls that open a file, each of which allows it.
    private static func opening(_ flags: OpenFlags...) -> [SystemCallRule] {
        [("open", UInt32(1)), ("openat", 2)].flatMap { name, argument in
            flags.map { flags in
                SystemCallRule(name, .bits(argument: argument, mask: flags.mask, value: flags.value))
            }
        }
    }

    private struct OpenFlags {
        var mask: UInt64
        var value: UInt64

        static func without(_ flags: UInt64) -> OpenFlags { OpenFlags(mask: flags, value: 0) }
        /// O_WRONLY or O_RDWR.
        static func accessing(_ mode: UInt64) -> OpenFlags { OpenFlags(mask: 0x3, value: mode) }
    }

    /// Options of prctl(2): the signal at a parent's end, name, timer slack, no_new_privs, seccomp, and what is only read;
    /// names of memory areas, which glibc gives. 4, PR_SET_DUMPABLE, has a rule of its own.
    private static let processOptions: [UInt32] = [
        1, 2, 3, 7, 15, 16, 21, 22, 23, 27, 29, 30, 37, 38, 39, 42, 52, 56, 66, 0x5356_4D41,
    ]
    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaces: UInt64 = 0x7E02_0000
    private static let cloneFiles: UInt32 = 0x400
    /// O_TRUNC; the same on the architectures that Swift has, as O_ACCMODE and O_CREAT.
    private static let truncation: UInt64 = 0x200
    private static let openingToWrite: UInt64 = truncation | 0x3 | 0x40

    private enum Protection {
        static let write: UInt64 = 2
        static let execution: UInt64 = 4
    }
}

internal import Glibc
internal import System

/// The signals that this process gets for the command, as a descriptor.
struct ForwardedSignals {
    private let watch: SignalWatch

    /// Blocks them from now on. Those that are ignored, as by nohup(1), stay so for both processes.
    init() {
        // Ignored, the kernel would reap the child without its exit code.
        signal(SIGCHLD, SIG_DFL)
        let others = [
            SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGPWR, SIGTSTP, SIGTTIN, SIGTTOU,
            SIGCONT, SIGURG,
        ]
        // Real-time signals, without the two that glibc keeps to itself (signal(7)).
        let all = [SIGCHLD] + others.filter { !SignalWatch.isIgnored($0) } + Array(34...64)
        watch = SignalWatch(all)
    }

    var descriptor: Int32 { watch.descriptor }

    /// Returns the next signal, and whether a process has sent it to this one. Otherwise the kernel has sent it to the
    /// terminal's whole process group, and the command has it too.
    func next() -> (signal: Int32, isSent: Bool)? { watch.next() }
}

internal import Glibc
internal import System

/// The ways to identify a process, the most reliable first.
public enum Pinning: CaseIterable, Sendable {
    /// The pidfd that the kernel keeps for the socket's peer (SO_PEERPIDFD): the process ID cannot be reused unnoticed.
    case peer
    /// A pidfd opened by process ID after accept(2) (Linux 5.3).
    case opened
    /// The process ID with the start time, compared at every check.
    case startTime
}

/// Identifies one process, so that a reused process ID is noticed.
final class ProcessPin: Sendable {
    private enum Handle {
        case descriptor(Int32)
        case startTime(UInt64)
        /// No descriptor was free. The process ID may belong to another process by now.
        case number
        /// The process is in another PID namespace, where its ID has no meaning to the agent.
        case unseen
        case ended
    }

    let pid: Int32
    private let handle: Handle

    /// Pins the peer of a socket.
    init(_ pid: Int32, socket: Int32, _ pinning: Pinning) {
        self.pid = pid
        if pinning == .peer {
            let descriptor = ProcessDescriptor.open(peerOf: socket)
            let code = errno
            if descriptor >= 0 {
                handle = .descriptor(descriptor)
                return
            }
            if code == ESRCH || code == EINVAL {
                handle = .ended
                return
            }
        }
        handle = Self.handle(pid, pinning)
    }

    /// Pins the process that has this ID now.
    init(_ pid: Int32, _ pinning: Pinning) {
        self.pid = pid
        handle = Self.handle(pid, pinning)
    }

    private static func handle(_ pid: Int32, _ pinning: Pinning) -> Handle {
        guard pid > 0 else { return .unseen }
        if pinning != .startTime {
            let descriptor = ProcessDescriptor.open(pid)
            if descriptor >= 0 { return .descriptor(descriptor) }
            if errno == ESRCH { return .ended }
        }
        if let status = ProcessStatus(of: pid) { return .startTime(status.startTime) }
        return exists(pid) ? .number : .ended
    }

    deinit { if case .descriptor(let descriptor) = handle { _ = close(descriptor) } }

    private static func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

    /// Whether /proc/PID describes this process while it is alive.
    var isCertain: Bool {
        switch handle {
        case .descriptor, .startTime: true
        case .number, .unseen, .ended: false
        }
    }

    /// Whether the process is alive; a zombie is not.
    var isAlive: Bool {
        switch handle {
        case .descriptor(let descriptor):
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return SystemCall.uninterrupted { poll(&wait, 1, 0) } == 0
        case .startTime(let startTime):
            return ProcessStatus(of: pid).map { !$0.isZombie && $0.startTime == startTime } ?? false
        // Only user and groups are known, and the kernel fixed them at connect(2).
        case .number: return Self.exists(pid)
        case .unseen: return true
        case .ended: return false
        }
    }
}

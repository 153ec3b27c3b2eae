internal import Glibc
internal import System

/// How a process is held on to, the surest way first.
public enum Pinning: CaseIterable, Sendable {
    /// By the descriptor that the kernel keeps for the socket's other end: no moment is left in which the process may end
    /// and its number be given to another one.
    case peer
    /// By a descriptor that is opened for its number once the connection is accepted (Linux 5.3).
    case opened
    /// By its number and the time of its start, compared again each time.
    case startTime
}

/// Holds on to one process, so that its number cannot come to mean another one unnoticed.
final class ProcessPin: Sendable {
    private enum Means {
        case descriptor(Int32)
        case startTime(UInt64)
        /// There was no descriptor left to pin it with. Its number may be another's by now.
        case number
        /// In a namespace of its own, where its number says nothing here.
        case unseen
        case ended
    }

    let pid: Int32
    private let means: Means

    /// Pins the process at the other end of a socket.
    init(_ pid: Int32, socket: Int32, _ pinning: Pinning) {
        self.pid = pid
        if pinning == .peer {
            let descriptor = ProcessDescriptor.open(peerOf: socket)
            let code = errno
            if descriptor >= 0 {
                means = .descriptor(descriptor)
                return
            }
            if code == ESRCH || code == EINVAL {
                means = .ended
                return
            }
        }
        means = Self.means(pid, pinning)
    }

    /// Pins the process that has this number now.
    init(_ pid: Int32, _ pinning: Pinning) {
        self.pid = pid
        means = Self.means(pid, pinning)
    }

    private static func means(_ pid: Int32, _ pinning: Pinning) -> Means {
        guard pid > 0 else { return .unseen }
        if pinning != .startTime {
            let descriptor = ProcessDescriptor.open(pid)
            if descriptor >= 0 { return .descriptor(descriptor) }
            if errno == ESRCH { return .ended }
        }
        if let status = ProcessStatus(of: pid) { return .startTime(status.startTime) }
        return exists(pid) ? .number : .ended
    }

    deinit { if case .descriptor(let descriptor) = means { _ = close(descriptor) } }

    private static func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

    /// Whether what /proc says of its number is said of this process, as long as it is alive.
    var isCertain: Bool {
        switch means {
        case .descriptor, .startTime: true
        case .number, .unseen, .ended: false
        }
    }

    /// A process that has ended is not alive, whether or not its parent has waited for it.
    var isAlive: Bool {
        switch means {
        case .descriptor(let descriptor):
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            var ready = poll(&wait, 1, 0)
            while ready < 0 && errno == EINTR { ready = poll(&wait, 1, 0) }
            return ready == 0
        case .startTime(let startTime):
            return ProcessStatus(of: pid).map { !$0.isZombie && $0.startTime == startTime } ?? false
        // User and groups are all that is known, and the kernel has fixed them at its connect(2).
        case .number: return Self.exists(pid)
        case .unseen: return true
        case .ended: return false
        }
    }
}

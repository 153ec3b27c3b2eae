internal import CLinux
internal import Glibc

/// flock(2) with a time limit: it blocks if a file server is gone.
enum BoundedLock {
    enum Answer: Equatable {
        case done
        case failed(Int32)
        case none
    }

    /// In milliseconds. A local file system answers in microseconds, a busy server within a second; the user waits for
    /// this.
    private static let patience: Int32 = 4000

    /// Takes or tries the lock on its own thread, which is abandoned if it gets no answer.
    static func call(_ descriptor: Int32, _ operation: Int32) -> Answer {
        var ends: [Int32] = [-1, -1]
        // The lock belongs to the open file, so the copy locks for both; the copy's number stays the thread's own.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { return .failed(errno) }
        guard clinux_socket_pair(&ends) == 0 else {
            close(copy)
            return .failed(errno)
        }
        let reading = Descriptor(owning: ends[0])
        guard start(Call(copy, operation, answer: ends[1])) else { return .failed(EAGAIN) }
        var wait = pollfd(fd: reading.raw, events: Int16(POLLIN), revents: 0)
        let ready = SystemCall.uninterrupted { poll(&wait, 1, patience) }
        var code: Int32 = 0
        guard ready > 0, read(reading.raw, &code, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size else {
            return .none
        }
        return code == 0 ? .done : .failed(code)
    }

    private final class Call {
        private let copy: Int32
        private let operation: Int32
        private let answer: Int32

        init(_ copy: Int32, _ operation: Int32, answer: Int32) {
            (self.copy, self.operation, self.answer) = (copy, operation, answer)
        }

        func run() {
            var code: Int32 = flock(copy, operation) == 0 ? 0 : errno
            // Closed first, so that only the caller's descriptor holds the lock and closing it releases the lock.
            close(copy)
            // Not write(2): the caller may have given up, and SIGPIPE would end the process.
            _ = send(answer, &code, MemoryLayout<Int32>.size, Int32(MSG_NOSIGNAL))
        }

        /// For a failure to create the thread.
        func drop() { close(copy) }

        deinit { close(answer) }
    }

    private static func start(_ call: Call) -> Bool {
        let raw = Unmanaged.passRetained(call).toOpaque()
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Call>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, raw)
        guard failure == 0 else {
            Unmanaged<Call>.fromOpaque(raw).takeRetainedValue().drop()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

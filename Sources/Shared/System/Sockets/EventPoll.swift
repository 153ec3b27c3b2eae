internal import CLinux
internal import Glibc

/// The readiness of many descriptors, level-triggered (epoll(7)). Each call is one system call.
public final class EventPoll: Sendable {
    /// What a descriptor is ready for.
    public struct Events: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let readable = Events(clinux_readable)
        public static let writable = Events(clinux_writable)
        /// The peer has closed its sending side.
        public static let halfClosed = Events(clinux_half_closed)
        /// The connection has ended in both directions. Always reported.
        public static let ended: Events = [Events(clinux_hung_up), Events(clinux_failed)]

        private init(_ event: some BinaryInteger) { self.init(rawValue: UInt32(event)) }
        private init(_ event: some RawRepresentable<UInt32>) { self.init(rawValue: event.rawValue) }
    }

    /// The descriptors that are ready, reused from one wait to the next.
    public struct Ready {
        fileprivate var entries = [clinux_ready](repeating: clinux_ready(), count: 64)
        public fileprivate(set) var count = 0

        public init() {}

        public subscript(index: Int) -> (descriptor: Int32, serial: UInt32, events: Events) {
            (entries[index].fd, entries[index].serial, Events(rawValue: entries[index].events))
        }
    }

    /// Readable for poll(2) while one of the descriptors is ready.
    public let descriptor: Int32

    public init() throws(LocalSocketError) {
        descriptor = clinux_epoll_create()
        guard descriptor >= 0 else { throw .system(call: "epoll_create1", path: "the sockets", errno: errno) }
    }

    deinit { _ = close(descriptor) }

    /// Reports these events of the descriptor from now on, with the serial number. Returns false if the kernel has no
    /// memory for that.
    public func watch(_ descriptor: Int32, serial: UInt32 = 0, for events: Events, isNew: Bool) -> Bool {
        clinux_epoll_watch(self.descriptor, descriptor, serial, events.rawValue, isNew ? 1 : 0) == 0
    }

    /// Reports no more events of the descriptor. Closing its last copy does the same.
    public func forget(_ descriptor: Int32) { _ = clinux_epoll_forget(self.descriptor, descriptor) }

    /// Waits for events, at most this many milliseconds; without a limit if negative.
    public func wait(_ ready: inout Ready, milliseconds: Int32) {
        let count = ready.entries.withUnsafeMutableBufferPointer {
            clinux_epoll_wait(descriptor, $0.baseAddress, Int32($0.count), milliseconds)
        }
        ready.count = max(0, Int(count))
    }
}

/// A bell that one thread rings to wake another, which waits in an `EventPoll` (eventfd(2)).
public final class EventBell: Sendable {
    public let descriptor: Int32

    public init() throws(LocalSocketError) {
        descriptor = clinux_eventfd()
        guard descriptor >= 0 else { throw .system(call: "eventfd", path: "the sockets", errno: errno) }
    }

    deinit { _ = close(descriptor) }

    public func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Stops the ringing.
    public func answer() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

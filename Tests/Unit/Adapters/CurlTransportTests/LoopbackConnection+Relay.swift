import Foundation

extension LoopbackConnection {
    /// Connects to another local port; `nil` if it is closed.
    static func open(port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in.loopback(port: port)
        let isOpen = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isOpen { return descriptor }
        close(descriptor)
        return nil
    }

    /// Copies bytes both ways until either side ends, and closes the other descriptor.
    func relay(to other: Int32) {
        let back = LoopbackConnection(descriptor: other, number: number, record: LoopbackRecord())
        let finished = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            copy(back, to: self)
            finished.signal()
        }
        copy(self, to: back)
        finished.wait()
        close(other)
    }
}

/// The first end shuts down both directions of both connections.
private func copy(_ source: LoopbackConnection, to target: LoopbackConnection) {
    while case let bytes = source.read(), !bytes.isEmpty, target.send(bytes) {}
    for connection in [source, target] { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }
}

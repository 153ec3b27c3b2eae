internal import Glibc
internal import System

/// What is sent on a credential's connection: everything, or what no manager takes for a credential.
package enum CredentialReply {
    /// systemd's limit of a credential (systemd.exec(5)).
    static let largest = 1024 * 1024
    /// Blank, so that a part of it, from an agent that was killed, does not pass for a token.
    private static let refusal = [UInt8](repeating: UInt8(ascii: "\n"), count: largest + 1)
    /// For the whole reply. A manager reads at once.
    package static let patience: Duration = .seconds(10)

    /// Sends the credential. Returns false if the peer did not take all of it.
    package static func send(_ bytes: [UInt8], to socket: Int32, within limit: Duration = patience) async -> Bool {
        await BlockingQueue("authagent.credential").run { () throws(Never) in
            write(bytes, to: socket, within: limit)
        }
    }

    /// Makes the manager fail. A reset would do the same, but a Unix socket that has received nothing cannot be reset
    /// (unix(7)): closing it is the end of an empty credential, with which the unit starts.
    static func refuse(_ socket: Int32) async { _ = await send(refusal, to: socket) }

    /// As `refuse`, on a thread that may block, for at most a second.
    static func refuseAtOnce(_ socket: Int32) { _ = write(refusal, to: socket, within: .seconds(1)) }

    private static func write(_ bytes: [UInt8], to socket: Int32, within limit: Duration) -> Bool {
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK)
        let deadline = ContinuousClock.now + limit
        var sent = 0
        return bytes.withUnsafeBytes { bytes in
            while sent < bytes.count {
                let count = SystemCall.uninterrupted {
                    Glibc.send(
                        socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count > 0 {
                    sent += count
                    continue
                }
                guard errno == EAGAIN else { return false }
                // A peer that takes a byte at a time does not get more time.
                let left = (ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up)
                guard left > 0 else { return false }
                var ready = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
                guard poll(&ready, 1, Int32(left)) >= 0 || errno == EINTR else { return false }
            }
            return true
        }
    }
}

internal import Glibc
internal import System

/// What is sent on a credential's connection: everything, or what no manager takes for a credential.
enum CredentialReply {
    /// systemd's limit of a credential (systemd.exec(5)).
    static let largest = 1024 * 1024
    /// Blank, so that a part of it, from an agent that was killed, does not pass for a token.
    private static let refusal = [UInt8](repeating: UInt8(ascii: "\n"), count: largest + 1)
    /// In seconds. A manager reads at once.
    private static let patience = 10

    /// Sends the credential. Returns false if the peer did not take all of it.
    static func send(_ bytes: [UInt8], to socket: Int32) async -> Bool {
        await BlockingQueue("authagent.credential").run { () throws(Never) in write(bytes, to: socket) }
    }

    /// Makes the manager fail. A reset would do the same, but a Unix socket that has received nothing cannot be reset
    /// (unix(7)): closing it is the end of an empty credential, with which the unit starts.
    static func refuse(_ socket: Int32) async { _ = await send(refusal, to: socket) }

    private static func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags & ~O_NONBLOCK)
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        return bytes.withUnsafeBytes { bytes in
            while sent < bytes.count {
                let count = SystemCall.uninterrupted {
                    Glibc.send(
                        socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }
}

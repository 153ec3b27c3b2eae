import Foundation
import System

/// A client that connects as systemd does for LoadCredential=.
public enum CredentialClient {
    /// Connects from this abstract name and reads to the end, off the cooperative threads; `nil` if that fails.
    public static func read(_ path: String, as name: String?) async -> [UInt8]? {
        await BlockingQueue("test.client").run { () throws(Never) in exchange(path, name) }
    }

    private static func exchange(_ path: String, _ name: String?) -> [UInt8]? {
        let descriptor = Descriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        if let name, !call(bind, descriptor.raw, "\0" + name) { return nil }
        guard call(connect, descriptor.raw, path) else { return nil }
        var bytes: [UInt8] = []
        guard SystemCall.readAll(descriptor.raw, into: &bytes, limit: 4 << 20) == nil else { return nil }
        return bytes
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
    ) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isAbstract = path.utf8.first == 0
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count + (isAbstract ? 0 : 1))
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(descriptor, $0, length) == 0 }
        }
    }
}

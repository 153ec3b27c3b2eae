internal import Glibc

/// The path of the agent's socket as connect(2) takes it.
///
/// Found and used without a `String`: the standard library's code for it is on pages that every start would touch.
package struct AgentAddress: Sendable {
    private var address = sockaddr_un()
    private var count = 0

    package init(_ path: SocketPath) {
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.text.utf8) }
    }

    /// The address that `SocketPath.resolve()` finds.
    package static func resolve() throws(AgentClientError) -> AgentAddress {
        let address = AgentAddress(socket: variable("AUTHAGENT_SOCK"), runtime: variable("XDG_RUNTIME_DIR"))
        return if let address { address } else { AgentAddress(try SocketPath.resolve()) }
    }

    /// Takes the values of `AUTHAGENT_SOCK` and `XDG_RUNTIME_DIR`; `nil` if both are empty or the path is not a plain
    /// one: absolute, short enough, and ASCII.
    package init?(socket: UnsafePointer<CChar>?, runtime: UnsafePointer<CChar>?) {
        address.sun_family = sa_family_t(AF_UNIX)
        if let socket, socket.pointee != 0 {
            guard append(UnsafeRawBufferPointer(start: socket, count: strlen(socket))) else { return nil }
        } else if let runtime, runtime.pointee != 0 {
            let name: StaticString = "/authagent/agent.sock"
            guard append(UnsafeRawBufferPointer(start: runtime, count: strlen(runtime))),
                append(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            else { return nil }
        } else {
            return nil
        }
        guard address.sun_path.0 == 0x2F else { return nil }
    }

    /// For messages, and for the owners of its directories.
    package var text: String {
        withUnsafeBytes(of: address.sun_path) { path in String(decoding: path.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Calls connect(2).
    func connect(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private mutating func append(_ text: UnsafeRawBufferPointer) -> Bool {
        guard count + text.count <= SocketPath.longest else { return false }
        // Text that is not UTF-8 is repaired by `String`.
        for byte in text where byte >= 0x80 { return false }
        let start = count
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            UnsafeMutableRawBufferPointer(rebasing: path[start...]).copyMemory(from: text)
        }
        count += text.count
        return true
    }

    private static func variable(_ name: StaticString) -> UnsafePointer<CChar>? {
        UnsafePointer(getenv(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)))
    }
}

internal import Glibc

/// The listening sockets of a loopback server.
final class LoopbackListeners: Sendable {
    let port: UInt16
    let families: Set<LoopbackPlace.Family>
    let descriptors: [Int32]

    /// A port that is free at one address may be taken at the other.
    private static let attempts = 16
    private static let backlog: Int32 = 64

    init(_ place: LoopbackPlace) throws(LoopbackServer.ListenFailure) {
        var attempt = 1
        while true {
            let port = place.port ?? 0
            let bound: (descriptors: [LoopbackPlace.Family: Int32], port: UInt16)
            do throws(LoopbackServer.ListenFailure) {
                bound = try Self.bind(place, port)
            } catch {
                guard place.port == nil, error.code == EADDRINUSE, attempt < Self.attempts else { throw error }
                attempt += 1
                continue
            }
            (self.port, families) = (bound.port, Set(bound.descriptors.keys))
            descriptors = Array(bound.descriptors.values)
            return
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// Refuses connections from now on; a thread in poll(2) wakes up. The numbers stay valid.
    func shutDown() { for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) } }

    private static func bind(
        _ place: LoopbackPlace, _ wanted: UInt16
    ) throws(LoopbackServer.ListenFailure) -> (descriptors: [LoopbackPlace.Family: Int32], port: UInt16) {
        var bound: [LoopbackPlace.Family: Int32] = [:]
        var port = wanted
        var missing: LoopbackServer.ListenFailure?
        // The needed ones first: they choose the port.
        for family in LoopbackPlace.Family.allCases.sorted(by: {
            place.needed.contains($0) && !place.needed.contains($1)
        })
        where place.families.contains(family) {
            do throws(LoopbackServer.ListenFailure) {
                let (descriptor, number) = try listener(family, port)
                bound[family] = descriptor
                port = number
            } catch {
                // A system without this address.
                let isAbsent = [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT].contains(error.code)
                if isAbsent { missing = missing ?? error }
                if isAbsent || (!place.needed.contains(family) && place.port != nil) { continue }
                for descriptor in bound.values { close(descriptor) }
                throw error
            }
        }
        guard !place.needed.isDisjoint(with: bound.keys) else {
            for descriptor in bound.values { close(descriptor) }
            throw missing ?? LoopbackServer.ListenFailure(call: "listen at 127.0.0.1", code: EADDRNOTAVAIL, port: port)
        }
        return (bound, port)
    }

    /// Listens at one address, and returns the socket and its port.
    private static func listener(
        _ family: LoopbackPlace.Family, _ port: UInt16
    ) throws(LoopbackServer.ListenFailure) -> (Int32, UInt16) {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        let raw = socket(domain, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard raw >= 0 else { throw .init(call: "socket", code: errno, port: port) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // A port that the last login used waits for late segments of it otherwise; a live listener still excludes others.
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if family == .ipv6 { setsockopt(raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
        let bound: UInt16? = family == .ipv4 ? bindIPv4(raw, port) : bindIPv6(raw, port)
        guard let bound, listen(raw, backlog) == 0 else {
            let code = errno
            close(raw)
            throw .init(call: "listen at \(family.host)" + (port == 0 ? "" : ":\(port)"), code: code, port: port)
        }
        return (raw, bound)
    }

    private static func bindIPv4(_ raw: Int32, _ port: UInt16) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return bind(raw, &address) ? UInt16(bigEndian: address.sin_port) : nil
    }

    private static func bindIPv6(_ raw: Int32, _ port: UInt16) -> UInt16? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return bind(raw, &address) ? UInt16(bigEndian: address.sin6_port) : nil
    }

    /// Binds the socket, and reads the address that it has then.
    private static func bind<Address>(_ raw: Int32, _ address: inout Address) -> Bool {
        var length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(raw, $0, length) == 0 && getsockname(raw, $0, &length) == 0
            }
        }
    }
}

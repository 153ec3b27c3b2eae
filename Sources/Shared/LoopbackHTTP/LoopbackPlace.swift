/// Where a loopback server listens: at one port of 127.0.0.1, ::1, or both.
public struct LoopbackPlace: Sendable {
    public enum Family: Hashable, Sendable, CaseIterable {
        case ipv4, ipv6

        /// As in a URL.
        public var host: String {
            switch self {
            case .ipv4: "127.0.0.1"
            case .ipv6: "[::1]"
            }
        }
    }

    /// `nil`: a port that is free.
    public var port: UInt16?
    /// The addresses that clients may use. One that the system does not have is left out.
    public var families: Set<Family>
    /// Those at which no other program may have the port, as clients may reach it there; at least one must be there.
    public var needed: Set<Family>

    public init(port: UInt16? = nil, families: Set<Family> = [.ipv4], needed: Set<Family> = [.ipv4]) {
        (self.port, self.families, self.needed) = (port, families.union(needed), needed)
    }
}

/// System calls that are allowed for one reason.
///
/// A group has all calls of its kind, not only those that today's libraries make: a newer glibc, another architecture or
/// an NSS module of the site takes the one instead of the other. Names that an architecture does not have are skipped.
public struct SystemCallGroup: Sendable {
    /// What the calls are needed for.
    public let purpose: String
    /// Allowed with any arguments.
    let names: [String]
    /// Allowed with some arguments only.
    let rules: [SystemCallRule]

    init(_ purpose: String, _ names: String, rules: [SystemCallRule] = []) {
        self.purpose = purpose
        self.names = names.split(whereSeparator: \.isWhitespace).map(String.init)
        self.rules = rules
    }
}

/// A call that is allowed with certain arguments. Several rules of one call add up.
struct SystemCallRule: Sendable {
    enum Test: Sendable {
        /// The bits of the mask have this value. The kernel looks at 32 bits of an `int`, so the mask must not be longer.
        case bits(argument: UInt32, mask: UInt64, value: UInt64)
        /// The whole argument, such as an address.
        case value(argument: UInt32, UInt64)
    }

    let name: String
    let tests: [Test]

    init(_ name: String, _ tests: Test...) { (self.name, self.tests) = (name, tests) }

    /// The `int` argument has this value.
    static func int(_ argument: UInt32, _ value: UInt32) -> Test {
        .bits(argument: argument, mask: 0xFFFF_FFFF, value: UInt64(value))
    }

    /// None of these bits is set.
    static func without(_ argument: UInt32, _ bits: UInt64) -> Test { .bits(argument: argument, mask: bits, value: 0) }
}

/// A family of sockets that a process may create (socket(2)).
public enum SocketFamily: UInt32, Sendable, CaseIterable {
    case unix = 1
    case internet = 2
    case internet6 = 10
    /// getaddrinfo(3) asks the kernel for the machine's addresses.
    case netlink = 16
}

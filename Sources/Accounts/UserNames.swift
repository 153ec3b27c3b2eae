internal import Glibc

/// The numbers behind the names of users and groups.
public struct UserNames: Sendable {
    public var user: @Sendable (String) -> UInt32?
    public var group: @Sendable (String) -> UInt32?

    public init(user: @escaping @Sendable (String) -> UInt32?, group: @escaping @Sendable (String) -> UInt32?) {
        self.user = user
        self.group = group
    }

    /// As this machine has them (nsswitch.conf(5)).
    public static let system = UserNames(
        user: { name in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            return withRoom { getpwnam_r(name, &entry, $0, $1, &found) } && found != nil ? entry.pw_uid : nil
        },
        group: { name in
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<group>?
            return withRoom { getgrnam_r(name, &entry, $0, $1, &found) } && found != nil ? entry.gr_gid : nil
        }
    )

    /// A group with thousands of members needs a megabyte.
    private static let mostRoom = 4 * 1024 * 1024

    /// Gives the texts of an entry more and more room, until they fit.
    private static func withRoom(_ look: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> Bool {
        var size = 4096
        while size <= mostRoom {
            let result = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                buffer.baseAddress.map { look($0, size) } ?? ENOMEM
            }
            guard result == ERANGE else { return result == 0 }
            size *= 4
        }
        return false
    }
}

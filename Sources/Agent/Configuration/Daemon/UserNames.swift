internal import Glibc
public import Policy

/// The look-up of user and group ids by name, and of subordinate user ids.
public struct UserNames: Sendable {
    public var user: @Sendable (String) -> UInt32?
    public var group: @Sendable (String) -> UInt32?

    public var subordinates: @Sendable () -> SubordinateUsers

    public init(
        user: @escaping @Sendable (String) -> UInt32?, group: @escaping @Sendable (String) -> UInt32?,
        subordinates: @escaping @Sendable () -> SubordinateUsers = { SubordinateUsers() }
    ) {
        self.user = user
        self.group = group
        self.subordinates = subordinates
    }

    /// The names of this machine (nsswitch.conf(5)).
    public static let system = UserNames(
        user: systemUser,
        group: { name in
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<group>?
            return withRoom { getgrnam_r(name, &entry, $0, $1, &found) } && found != nil ? entry.gr_gid : nil
        },
        subordinates: SubordinateUsersFile.users
    )

    @Sendable
    static func systemUser(_ name: String) -> UInt32? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withRoom { getpwnam_r(name, &entry, $0, $1, &found) } && found != nil ? entry.pw_uid : nil
    }

    /// A group with thousands of members needs a megabyte.
    private static let mostRoom = 4 * 1024 * 1024

    /// Calls `look` with a larger buffer each time, until the entry fits.
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

internal import Glibc

/// User numbers in /etc/passwd, /etc/group and the user namespace. Without NSS, which a static program lacks.
public enum UserNumbers {
    /// Returns the number, with the name if this machine has one.
    public static func text(_ user: UInt32) -> String { name(of: user).map { "\(user) (\($0))" } ?? "\(user)" }

    /// The form that `sudo -u` accepts.
    static func argument(_ user: UInt32) -> String { name(of: user) ?? "\\#\(user)" }

    /// Whether `owner` is root or `user`. In a user namespace the real root appears as the overflow number; such owners
    /// cannot be told apart, and their files cannot be changed.
    static func trusts(_ owner: UInt32, user: UInt32) -> Bool { owner == 0 || owner == user || owner == unmapped }

    /// Whether `owner` is the group's only member, as in Debian's user private groups.
    static func isPrivateGroup(_ group: UInt32, of owner: UInt32) -> Bool {
        isPrivate(group: group, of: owner, users: read("/etc/passwd"), groups: read("/etc/group"))
    }

    /// `users` and `groups` are the texts of /etc/passwd and /etc/group. An unknown group is not private.
    package static func isPrivate(group: UInt32, of owner: UInt32, users: String, groups: String) -> Bool {
        let others = table(users).filter { UInt32($0[safe: 3] ?? "") == group && UInt32($0[safe: 2] ?? "") != owner }
        guard others.isEmpty, let name = name(of: owner, in: users),
            let entry = table(groups).first(where: { UInt32($0[safe: 2] ?? "") == group })
        else { return false }
        let isPrimary = table(users).contains { $0[safe: 0] == name[...] && UInt32($0[safe: 3] ?? "") == group }
        let members = (entry[safe: 3] ?? "").split(separator: ",")
        return members.allSatisfy { $0 == name } && (isPrimary || !members.isEmpty)
    }

    /// The home directory used by the user's service manager; `nil` if /etc/passwd does not have the user.
    static func home(of user: UInt32) -> String? {
        table(read("/etc/passwd")).first { UInt32($0[safe: 2] ?? "") == user }?[safe: 5].map(String.init)
    }

    /// `nil` if this machine has none, or it would have to be quoted on a command line.
    public static func name(of user: UInt32) -> String? { name(of: user, in: read("/etc/passwd")) }

    /// `nil` if the name would have to be quoted on a command line.
    package static func name(of user: UInt32, in users: String) -> String? {
        guard let name = table(users).first(where: { UInt32($0[safe: 2] ?? "") == user })?[safe: 0],
            let first = name.utf8.first, first != UInt8(ascii: "-"),
            name.utf8.allSatisfy({
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || (0x30...0x39).contains($0)
                    || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0)
            })
        else { return nil }
        return String(name)
    }

    /// The overflow number for users outside this namespace (user_namespaces(7)); `nil` if all are mapped.
    private static let unmapped: UInt32? = {
        let overflow = UInt32(read("/proc/sys/kernel/overflowuid").prefix { $0.isNumber }) ?? 65_534
        let lines = read("/proc/self/uid_map").split(separator: "\n")
        let ranges = lines.map { $0.split(separator: " ").map { UInt64($0) } }
        let isMapped = ranges.contains { range in
            guard range.count == 3, let first = range[0], let count = range[2] else { return false }
            return (first..<(first + count)).contains(UInt64(overflow))
        }
        return isMapped || ranges.isEmpty ? nil : overflow
    }()

    private static func table(_ text: String) -> [[Substring]] {
        text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    }

    /// Reads at most 1 MiB; empty if the file cannot be read.
    private static func read(_ path: String) -> String {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard raw >= 0 else { return "" }
        let file = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(file.raw, into: &bytes, limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

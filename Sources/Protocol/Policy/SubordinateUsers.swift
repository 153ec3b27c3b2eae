/// The owners of the machine's subordinate user IDs, from the text of `/etc/subuid` (subuid(5)).
///
/// For counting and for records only: a process with a subordinate user ID never gets its owner's permissions.
public struct SubordinateUsers: Equatable, Sendable {
    private struct Range: Equatable, Sendable {
        var first: UInt32
        var last: UInt32
        var owner: UInt32
    }

    /// A line for each of ten thousand users. User IDs of later lines count as not subordinate.
    public static let most = 10_000
    /// Bounds the chain of owners, whose ranges may lie within another owner's.
    private static let mostSteps = 8

    /// Sorted, without overlaps.
    private var ranges: [Range] = []
    private var owners: Set<UInt32> = []

    /// Creates an empty table.
    public init() {}

    /// Reads lines `owner:first:count`; `number` returns the user ID of an owner's name. Skips unreadable lines and
    /// ranges of root, which can be any user anyway.
    public init(parsing text: String, number: (String) -> UInt32?) {
        var numbers: [Substring: UInt32?] = [:]
        var found: [Range] = []
        for line in text.split(whereSeparator: \.isNewline) where found.count < Self.most {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0,
                first < .max
            else { continue }
            let name = fields[0]
            if numbers[name] == nil { numbers[name] = .some(UInt32(name) ?? number(String(name))) }
            guard let owner = numbers[name].flatMap(\.self), owner != 0 else { continue }
            let (last, isTooFar) = first.addingReportingOverflow(count - 1)
            // (uid_t) -1 is not a user (chown(2)), and root is never subordinate.
            found.append(Range(first: max(1, first), last: isTooFar ? .max - 1 : min(last, .max - 1), owner: owner))
        }
        ranges = Self.withoutOverlaps(found.filter { $0.first <= $0.last })
        owners = Set(ranges.map(\.owner))
    }

    /// Whether the user owns a range.
    func isOwner(_ user: UInt32) -> Bool { owners.contains(user) }

    /// Returns the owner of this user ID; `nil` if it is not in a range.
    public func owner(of user: UInt32) -> UInt32? {
        var owner: UInt32?
        for _ in 0..<Self.mostSteps {
            guard let next = directOwner(of: owner ?? user), next != user else { break }
            owner = next
        }
        return owner
    }

    private func directOwner(of user: UInt32) -> UInt32? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].last < user { low = middle + 1 } else { high = middle }
        }
        guard low < ranges.count, ranges[low].first <= user, ranges[low].owner != user else { return nil }
        return ranges[low].owner
    }

    /// Resolves overlaps: the range that starts first, or the earlier line, keeps the shared part.
    private static func withoutOverlaps(_ ranges: [Range]) -> [Range] {
        var result: [Range] = []
        let inOrder = ranges.enumerated().sorted { ($0.element.first, $0.offset) < ($1.element.first, $1.offset) }
        for (_, range) in inOrder {
            guard let before = result.last, before.last >= range.first else {
                result.append(range)
                continue
            }
            if before.last < range.last {
                result.append(Range(first: before.last + 1, last: range.last, owner: range.owner))
            }
        }
        return result
    }
}

/// The systemd units of a process, from the path of its control group, parsed as systemd does
/// (src/basic/cgroup-util.c).
///
/// The unit is the outermost one after the slices. Below it, a service with delegation, a user manager or a container
/// names groups freely; such a name must never pass for a system unit.
struct UnitPath: Equatable {
    var unit: String?
    var slice: String?
    var userUnit: String?

    /// Parses /proc/PID/cgroup: the hierarchy of version 2, or systemd's own of version 1.
    init(cgroup bytes: [UInt8]) {
        var unified: Substring?
        var legacy: Substring?
        // Dozens of hierarchies are common; all but two are irrelevant.
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let end = line.firstIndex(of: UInt8(ascii: "/")) ?? line.endIndex
            let head = line[..<end]
            if head.elementsEqual("0::".utf8) {
                unified = String(decoding: line[end...], as: UTF8.self)[...]
            } else if head.reversed().starts(with: ":dmetsys=eman:".utf8) {
                legacy = String(decoding: line[end...], as: UTF8.self)[...]
            }
        }
        // Where systemd uses version 1, version 2 only has the root.
        let path = unified == "/" ? legacy ?? "/" : unified ?? legacy
        if let path { read(path) }
    }

    init(path: Substring) { read(path) }

    private mutating func read(_ path: Substring) {
        var parts = path.split(separator: "/")[...]
        slice = Self.takeSlices(&parts) ?? "-.slice"
        guard let outermost = parts.first else { return }
        unit = Self.unit(outermost)
        if let unit, Self.isUserManager(unit) || unit.hasPrefix("session-") && unit.hasSuffix(".scope") {
            var inner = parts.dropFirst()
            _ = Self.takeSlices(&inner)
            userUnit = inner.first.flatMap { Self.unit($0) }
        }
    }

    /// Removes the leading slices, and returns the last.
    private static func takeSlices(_ parts: inout ArraySlice<Substring>) -> String? {
        var last: String?
        while let part = parts.first, let name = name(part), name.hasSuffix(".slice"), !name.contains("@") {
            last = name
            parts.removeFirst()
        }
        return last
    }

    /// A unit other than a slice: a slice below another unit does not belong to the system manager.
    private static func unit(_ part: Substring) -> String? {
        name(part).flatMap { $0.hasSuffix(".slice") ? nil : $0 }
    }

    private static let types: [String] = [
        "service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope",
    ]

    /// Unescapes a group's name; `nil` if it is not a valid unit name (systemd.unit(5)).
    private static func name(_ part: Substring) -> String? {
        let name = part.first == "_" ? part.dropFirst() : part
        guard name.utf8.count < 256, let dot = name.lastIndex(of: "."), dot != name.startIndex,
            types.contains(String(name[name.index(after: dot)...]))
        else { return nil }
        let stem = name[..<dot]
        let isPlain = stem.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: ":-_.\\@".utf8.contains(byte)
            }
        }
        // A template without an instance is not a unit.
        guard isPlain, stem.first != "@", stem.firstIndex(of: "@") != stem.indices.last else { return nil }
        return String(name)
    }

    private static func isUserManager(_ unit: String) -> Bool {
        guard unit.hasPrefix("user@"), unit.hasSuffix(".service") else { return false }
        return UInt32(unit.dropFirst("user@".count).dropLast(".service".count)) != nil
    }
}

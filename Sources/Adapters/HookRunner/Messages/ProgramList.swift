package import Configuration
internal import Crypto

/// The programs of one source, in its order, and what tells them from any other list.
struct ProgramList: Equatable, Sendable {
    let source: ProgramSource
    let programs: [ConfiguredProgram]
    let digest: ProgramDigest

    init(_ source: ProgramSource, _ programs: [ConfiguredProgram]) {
        (self.source, self.programs) = (source, programs)
        digest = ProgramDigest(of: programs, from: source)
    }
}

/// The SHA-256 of a list of programs: the agent and its spawner mean the same list if it has the same digest.
package struct ProgramDigest: Hashable, Sendable {
    package let bytes: [UInt8]

    package static let size = 32

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// The lengths are part of it, so that no two lists have the same text.
    package init(of programs: [ConfiguredProgram], from source: ProgramSource) {
        var writer = PacketWriter()
        writer.add(source.rawValue)
        writer.add(UInt32(programs.count))
        for program in programs {
            writer.add(UInt32(program.arguments.count))
            for word in [program.path] + program.arguments { writer.add(word) }
        }
        bytes = Array(SHA256.hash(data: writer.bytes))
    }
}

/// The lists that the agent and its spawner know, in the order in which they were read. Both apply the same changes.
struct KnownLists: Equatable, Sendable {
    private(set) var all: [ProgramList] = []

    /// Between a reload and its end both the former list and the new one are in use; more come from reloads that fail.
    static let most = 8

    mutating func add(_ list: ProgramList) {
        all.removeAll { $0.digest == list.digest }
        all.append(list)
        if all.count > Self.most { all.removeFirst() }
    }

    /// Forgets the lists of the same source that were read before this one.
    mutating func retire(before digest: ProgramDigest) {
        guard let index = all.firstIndex(where: { $0.digest == digest }) else { return }
        let source = all[index].source
        all = all[..<index].filter { $0.source != source } + all[index...]
    }

    subscript(digest: ProgramDigest) -> ProgramList? { all.first { $0.digest == digest } }

    /// Where a program is, in the newest list that has it.
    func place(of program: ConfiguredProgram) -> ProgramPlace? {
        for list in all.reversed() {
            guard let index = list.programs.firstIndex(of: program) else { continue }
            return ProgramPlace(list: list.digest, number: UInt32(index))
        }
        return nil
    }

    func program(at place: ProgramPlace) -> ConfiguredProgram? {
        guard let list = self[place.list], list.programs.indices.contains(Int(place.number)) else { return nil }
        return list.programs[Int(place.number)]
    }
}

/// The number of a program in a list.
package struct ProgramPlace: Equatable, Sendable {
    package var list: ProgramDigest
    package var number: UInt32

    package init(list: ProgramDigest, number: UInt32) { (self.list, self.number) = (list, number) }
}

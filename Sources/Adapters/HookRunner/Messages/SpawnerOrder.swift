package import Configuration

/// What the agent sends to its spawner: the number of a program in a list that both know, never a path or an argument.
package enum SpawnerOrder: Equatable, Sendable {
    /// Run a program; the file that comes with the message is its input. In milliseconds.
    case run(ProgramPlace, within: UInt32)
    /// End the run with the order's id.
    case cancel
    /// Read the programs of a source from its files, which must be the list with this digest.
    case read(ProgramSource, ProgramDigest)
    /// Forget the lists of its source that were read before this one.
    case retire(before: ProgramDigest)

    /// In bytes. Each order has less.
    package static let longest = 128

    /// `id`: of the order; for `cancel` that of the run.
    package func bytes(_ id: UInt64) -> [UInt8] {
        var writer = PacketWriter()
        writer.add(kind)
        writer.add(id)
        switch self {
        case .run(let place, let limit):
            writer.add(place.list)
            writer.add(place.number)
            writer.add(limit)
        case .cancel: break
        case .read(let source, let digest):
            writer.add(source.rawValue)
            writer.add(digest)
        case .retire(let digest): writer.add(digest)
        }
        return writer.bytes
    }

    private var kind: UInt8 {
        switch self {
        case .run: 1
        case .cancel: 2
        case .read: 3
        case .retire: 4
        }
    }

    /// Parses a message; `nil` if it is not an order.
    package static func parse(_ bytes: [UInt8]) -> (id: UInt64, order: SpawnerOrder)? {
        var reader = PacketReader(bytes)
        guard let kind = reader.number(UInt8.self), let id = reader.number(UInt64.self),
            let order = order(kind, &reader), reader.isAtEnd
        else { return nil }
        return (id, order)
    }

    private static func order(_ kind: UInt8, _ reader: inout PacketReader) -> SpawnerOrder? {
        switch kind {
        case 1:
            guard let list = reader.digest(), let number = reader.number(UInt32.self),
                let limit = reader.number(UInt32.self)
            else { return nil }
            return .run(ProgramPlace(list: list, number: number), within: limit)
        case 2: return .cancel
        case 3:
            guard let source = reader.number(UInt8.self).flatMap(ProgramSource.init), let digest = reader.digest()
            else { return nil }
            return .read(source, digest)
        case 4: return reader.digest().map { .retire(before: $0) }
        default: return nil
        }
    }
}

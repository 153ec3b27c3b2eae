package import Agent
internal import Formats
package import System

/// What the spawner sends to the agent.
package enum SpawnerReport: Equatable, Sendable {
    case ended(ProgramResult)
    /// `nil` if the files have the list that the agent expects.
    case read(Fault?)

    /// In bytes: the output has at most 8 KiB before it is made harmless, and a fault names a path or two.
    package static let longest = 64 * 1024

    package func bytes(_ id: UInt64) -> [UInt8] {
        var writer = PacketWriter()
        switch self {
        case .ended(let result):
            writer.add(UInt8(1))
            writer.add(id)
            Self.add(result.end, to: &writer)
            writer.add(UInt32(result.output.count))
            for line in result.output { writer.add(line) }
        case .read(let fault):
            writer.add(UInt8(2))
            writer.add(id)
            writer.add(UInt8(fault == nil ? 0 : 1))
            if let fault { Self.add(fault, to: &writer) }
        }
        return writer.bytes
    }

    private static func add(_ end: ProgramResult.End, to writer: inout PacketWriter) {
        switch end {
        case .exited(let code):
            writer.add(UInt8(1))
            writer.add(code)
        case .signalled(let signal):
            writer.add(UInt8(2))
            writer.add(signal)
        case .timedOut: writer.add(UInt8(3))
        case .cancelled: writer.add(UInt8(4))
        case .notStarted(let fault):
            writer.add(UInt8(5))
            add(fault, to: &writer)
        }
    }

    private static func add(_ fault: Fault, to writer: inout PacketWriter) {
        writer.add(fault.problem)
        writer.add(fault.hint)
    }

    /// Parses a message; `nil` if it is not a report.
    package static func parse(_ bytes: [UInt8]) -> (id: UInt64, report: SpawnerReport)? {
        var reader = PacketReader(bytes)
        guard let kind = reader.number(UInt8.self), let id = reader.number(UInt64.self),
            let report = report(kind, &reader), reader.isAtEnd
        else { return nil }
        return (id, report)
    }

    private static func report(_ kind: UInt8, _ reader: inout PacketReader) -> SpawnerReport? {
        switch kind {
        case 1:
            guard let end = end(&reader), let count = reader.number(UInt32.self) else { return nil }
            var lines: [String] = []
            for _ in 0..<count {
                guard let line = reader.text() else { return nil }
                // Again: the spawner reads what programs print, and may be another's by now.
                lines.append(DisplayText.clean(line, limit: longestLine))
            }
            return .ended(ProgramResult(end, output: lines))
        case 2:
            switch reader.number(UInt8.self) {
            case 0?: return .read(nil)
            case 1?: return fault(&reader).map { .read($0) }
            default: return nil
            }
        default: return nil
        }
    }

    private static let longestLine = 500

    private static func end(_ reader: inout PacketReader) -> ProgramResult.End? {
        switch reader.number(UInt8.self) {
        case 1?: reader.number(Int32.self).map { .exited($0) }
        case 2?: reader.number(Int32.self).map { .signalled($0) }
        case 3?: .timedOut
        case 4?: .cancelled
        case 5?: fault(&reader).map { .notStarted($0) }
        default: nil
        }
    }

    private static func fault(_ reader: inout PacketReader) -> Fault? {
        guard let problem = reader.text(), let hint = reader.text() else { return nil }
        // A path has 4096 bytes at most.
        return Fault(DisplayText.clean(problem, limit: 8192), hint: DisplayText.clean(hint, limit: 8192))
    }
}

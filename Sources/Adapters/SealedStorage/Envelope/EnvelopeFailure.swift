/// Why a sealed file does not open.
public enum EnvelopeFailure: Error, Equatable, Sendable {
    /// It is something else, or its first bytes are lost.
    case notSealed
    /// A later agent may have written it.
    case unknownVersion(UInt8)
    case otherKey
    /// It was changed or cut off, or it is the file of another account, purpose or generation.
    case damaged
}

extension EnvelopeFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notSealed: "it is no sealed file"
        case .unknownVersion(let version): "it has version \(version), which this agent does not know"
        case .otherKey: "it is sealed with another key"
        case .damaged: "it is damaged, or another file was put in its place"
        }
    }
}

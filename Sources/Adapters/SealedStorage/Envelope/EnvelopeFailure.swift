/// The reason why a sealed file does not open.
public enum EnvelopeFailure: Error, Equatable, Sendable {
    /// Not a sealed file, or its first bytes are lost.
    case notSealed
    /// Written by a later version of the agent, possibly.
    case unknownVersion(UInt8)
    case otherKey
    /// Changed, truncated, or the file of another account, purpose or generation.
    case damaged
}

extension EnvelopeFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notSealed: "it is not a sealed file"
        case .unknownVersion(let version): "it has version \(version), which this agent does not support"
        case .otherKey: "it is sealed with another key"
        case .damaged: "it is damaged, or another file has replaced it"
        }
    }
}

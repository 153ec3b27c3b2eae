public struct EndpointURL: Hashable, Sendable {
    public let text: String
}

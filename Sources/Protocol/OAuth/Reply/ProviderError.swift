/// What a provider says went wrong, in its own words (RFC 6749 §5.2): bounded, without control characters and secrets.
public struct ProviderError: Error, Sendable, Equatable {
    /// `access_denied`, `invalid_client`, …, or one that no RFC knows.
    public var code: String
    public var detail: String?
    /// The HTTP status that came with it.
    public var status: Int

    public init(code: String, detail: String? = nil, status: Int) {
        self.code = code
        self.detail = detail
        self.status = status
    }
}

extension ProviderError: CustomStringConvertible {
    public var description: String { detail.map { "\(code): \($0)" } ?? code }
}

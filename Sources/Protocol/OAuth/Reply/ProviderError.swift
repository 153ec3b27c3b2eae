/// An error in the provider's own words (RFC 6749 §5.2): bounded, without control characters and secrets.
public struct ProviderError: Error, Sendable, Equatable {
    /// `access_denied`, `invalid_client`, … or a code that no RFC defines.
    public var code: String
    public var detail: String?
    /// The HTTP status of the reply.
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

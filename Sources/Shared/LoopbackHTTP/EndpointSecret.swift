/// The secret that a child sends with each request: random, of 32 bytes, in 43 characters of base64url.
public struct EndpointSecret: Sendable {
    public let text: String

    public init() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        text = String(decoding: (0..<43).map { _ in alphabet[Int(random.next() & 63)] }, as: UTF8.self)
    }

    /// Compares in constant time for all texts of this length.
    public func matches(_ other: String?) -> Bool {
        let (own, given) = (Array(text.utf8), Array((other ?? "").utf8))
        guard own.count == given.count else { return false }
        var difference: UInt8 = 0
        for place in own.indices { difference |= own[place] ^ given[place] }
        return difference == 0
    }
}

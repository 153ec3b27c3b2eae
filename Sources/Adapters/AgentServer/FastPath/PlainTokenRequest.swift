internal import AgentAPI

/// A request for an account's own token, read without an HTTP parser.
///
/// It reads exactly `GET /v1/accounts/NAME/token`, at most with `min_valid`, and only the header fields that HTTP clients
/// add by themselves. It is stateless and strict: it refuses bytes that HTTP might read in another way, so that both
/// readings agree.
struct PlainTokenRequest {
    let ask: TokenAsk
    /// Whether the client wants the connection closed after the reply.
    let closes: Bool

    /// The longest request, in bytes. Clients send 80 to 250.
    static let longest = 1024

    /// Reads one whole request; `nil` if the bytes are anything else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.skip("GET /v1/accounts/"),
            let account = AccountName(String(decoding: reader.take { $0 != UInt8(ascii: "/") }, as: UTF8.self)),
            reader.skip("/token")
        else { return nil }
        var seconds = Limits.defaultMinimumValidity
        if reader.skip("?min_valid=") {
            guard let number = reader.number(), number <= Limits.largestMinimumValidity else { return nil }
            seconds = number
        }
        guard reader.skip(" HTTP/1.1\r\n"), let fields = Fields(&reader), reader.isAtEnd else { return nil }
        ask = TokenAsk(
            account: account, request: TokenRequest(minimumValidity: seconds, includesIDToken: false),
            isText: fields.accept == .text)
        closes = fields.closes
    }

    private struct Fields {
        enum Accept { case json, text }

        var accept: Accept?
        var closes = false

        /// Reads header fields up to the empty line; `nil` if one is unknown, repeated, or has an unusual value.
        init?(_ reader: inout ByteReader) {
            var (hasHost, hasConnection, hasAgent, hasEncoding) = (false, false, false, false)
            while !reader.skip("\r\n") {
                let name = reader.take { $0 != UInt8(ascii: ":") && $0 > 0x20 && $0 < 0x7F }
                guard reader.skip(":") else { return nil }
                let value = ByteReader.trimmed(reader.take { (0x20..<0x7F).contains($0) })
                guard reader.skip("\r\n") else { return nil }
                switch name.count {
                case 4 where ByteReader.isSame(name, "host"):
                    guard !hasHost, Self.isLocal(value) else { return nil }
                    hasHost = true
                case 6 where ByteReader.isSame(name, "accept"):
                    guard accept == nil, let wanted = Self.accept(value) else { return nil }
                    accept = wanted
                case 10 where ByteReader.isSame(name, "connection"):
                    guard !hasConnection, let closes = Self.closes(value) else { return nil }
                    (hasConnection, self.closes) = (true, closes)
                case 10 where ByteReader.isSame(name, "user-agent"):
                    guard !hasAgent else { return nil }
                    hasAgent = true
                case 15 where ByteReader.isSame(name, "accept-encoding"):
                    guard !hasEncoding else { return nil }
                    hasEncoding = true
                default: return nil
                }
            }
            guard hasHost else { return nil }
        }

        private static func isLocal(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
            if value.isEmpty { return true }
            guard value.count >= 9, ByteReader.isSame(value.prefix(9), "localhost") else { return false }
            let port = value.dropFirst(9)
            return port.isEmpty || (port.first == UInt8(ascii: ":") && port.dropFirst().allSatisfy(ByteReader.isDigit))
        }

        private static func accept(_ value: Slice<UnsafeRawBufferPointer>) -> Accept? {
            if ByteReader.isSame(value, "*/*") || ByteReader.isSame(value, "application/json") { return .json }
            return ByteReader.isSame(value, "text/plain") ? .text : nil
        }

        private static func closes(_ value: Slice<UnsafeRawBufferPointer>) -> Bool? {
            if ByteReader.isSame(value, "keep-alive") { return false }
            return ByteReader.isSame(value, "close") ? true : nil
        }
    }
}

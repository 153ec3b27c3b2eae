internal import NIOHTTP1

extension Reply {
    /// Encodes the whole reply, including its head, for connections without HTTP handlers.
    func encoded(closes: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192 + body.count)
        if status == 200, !closes, contentType == "application/json" {
            // Fast path: nearly every reply has this head.
            bytes += Self.usualHead
        } else {
            bytes += "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n".utf8
            bytes += "content-type: \(contentType)\r\n".utf8
            for (name, value) in fields { bytes += "\(name): \(value)\r\n".utf8 }
            bytes += "cache-control: no-store\r\n\(closes ? "connection: close\r\n" : "")content-length: ".utf8
        }
        bytes += String(body.count).utf8
        bytes += "\r\n\r\n".utf8
        bytes += body
        return bytes
    }

    private static let usualHead = Array(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: ".utf8)
}

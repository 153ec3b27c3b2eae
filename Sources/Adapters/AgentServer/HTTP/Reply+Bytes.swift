internal import NIOCore
internal import NIOHTTP1

extension Reply {
    /// Encodes the whole reply, including its head, for connections without HTTP handlers.
    func bytes(_ allocator: ByteBufferAllocator, closes: Bool) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 256 + body.count)
        if status == 200, !closes, contentType == "application/json" {
            // Fast path: nearly every reply has this head.
            buffer.writeStaticString(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: ")
        } else {
            let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
            buffer.writeString("HTTP/1.1 \(status) \(reason)\r\ncontent-type: \(contentType)\r\n")
            for (name, value) in fields { buffer.writeString("\(name): \(value)\r\n") }
            buffer.writeString("cache-control: no-store\r\n\(closes ? "connection: close\r\n" : "")content-length: ")
        }
        buffer.writeString(String(body.count))
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}

/// A JSON reply. The connection is closed after it.
public struct LoopbackReply: Sendable {
    public let status: Int
    public let body: [UInt8]

    public init(status: Int, json body: [UInt8]) {
        self.status = status
        self.body = body
    }

    /// Head and body.
    var bytes: [UInt8] {
        var head = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Error")\r\nContent-Type: application/json\r\n"
        head += "Content-Length: \(body.count)\r\nCache-Control: no-store\r\nConnection: close\r\n"
        if status == 405 { head += "Allow: GET\r\n" }
        return Array(head.utf8) + [13, 10] + body
    }

    private static let phrases = [
        200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 408: "Request Timeout", 429: "Too Many Requests",
        431: "Request Header Fields Too Large",
        500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]
}

internal import Formats

/// A reply. The connection is closed after it.
public struct LoopbackReply: Sendable {
    public let status: Int
    public let body: [UInt8]
    private let fields: [(name: String, value: String)]

    private init(_ status: Int, _ body: [UInt8], _ fields: [(name: String, value: String)]) {
        (self.status, self.body, self.fields) = (status, body, fields)
    }

    public init(status: Int, json body: [UInt8]) {
        self.init(status, body, [("Content-Type", "application/json")])
    }

    /// A static page: no script, no style, nothing of the request. `lines`: a paragraph each.
    public static func page(_ status: Int = 200, title: String, _ lines: [String]) -> Self {
        let paragraphs = lines.map { "<p>\(escaped($0))</p>\n" }.joined()
        let html = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>authagent: \(escaped(title))</title></head>
            <body>
            <h1>\(escaped(title))</h1>
            \(paragraphs)</body>
            </html>

            """
        return Self(status, Array(html.utf8), [("Content-Type", "text/html; charset=utf-8")] + browserFields)
    }

    /// Sends the browser to another address; `nil` if the address does not fit into a field.
    public static func redirect(to location: String) -> Self? {
        guard !location.isEmpty, location.utf8.allSatisfy(\.isVisible) else { return nil }
        return Self(302, [], [("Location", location)] + browserFields)
    }

    /// The page's address had a code: it must not be stored, sent on, or shown inside another page.
    private static let browserFields = [
        (name: "Content-Security-Policy", value: "default-src 'none'; frame-ancestors 'none'"),
        (name: "Referrer-Policy", value: "no-referrer"), (name: "X-Content-Type-Options", value: "nosniff"),
    ]

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Where the browser is sent; `nil` if the reply is not a redirect.
    public var location: String? { fields.first { $0.name == "Location" }?.value }

    /// Status line and fields, with the empty line.
    var head: [UInt8] {
        var head = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Error")\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        head += "Content-Length: \(body.count)\r\nCache-Control: no-store\r\nConnection: close\r\n"
        if status == 405 { head += "Allow: GET\r\n" }
        return Array(head.utf8) + [13, 10]
    }

    private static let phrases = [
        200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 408: "Request Timeout", 429: "Too Many Requests",
        431: "Request Header Fields Too Large",
        500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]
}

/// A request as text, so that a test can also write an invalid one.
struct Request: Sendable {
    var method: String
    var target: String
    var fields: [String] = []
    var body = ""
    var version = "HTTP/1.1"

    static func get(_ target: String, _ fields: String...) -> Request {
        Request(method: "GET", target: target, fields: fields)
    }

    static func post(_ target: String, _ body: String = "", _ fields: String...) -> Request {
        Request(method: "POST", target: target, fields: fields, body: body)
    }

    var text: String {
        let length = body.isEmpty && method != "POST" ? [] : ["Content-Length: \(body.utf8.count)"]
        let lines = ["\(method) \(target) \(version)", "Host: localhost"] + fields + length
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }
}

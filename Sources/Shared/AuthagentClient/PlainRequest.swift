internal import AgentAPI

/// A request as it is sent, independent of its reply type.
package struct PlainRequest: Sendable {
    package var method: String
    package var path: String
    package var accept = "application/json"
    /// For `Last-Event-ID`; empty if there is none.
    package var lastEventID = ""
    package var body: [UInt8] = []

    package init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }

    /// Head and body.
    package var bytes: RawBytes {
        var bytes = RawBytes(capacity: Self.usualHead + path.utf8.count + body.count)
        bytes.append(method)
        bytes.append(literal: " ")
        bytes.append(path)
        bytes.append(literal: " HTTP/1.1\r\nHost: localhost\r\nAccept: ")
        bytes.append(accept)
        bytes.append(literal: "\r\nUser-Agent: authagent/")
        bytes.append(agentVersion)
        bytes.append(literal: "\r\n")
        if !lastEventID.isEmpty {
            bytes.append(literal: "Last-Event-ID: ")
            bytes.append(lastEventID)
            bytes.append(literal: "\r\n")
        }
        if !body.isEmpty { bytes.append(literal: "Content-Type: application/json\r\n") }
        if !body.isEmpty || method == "POST" {
            bytes.append(literal: "Content-Length: ")
            bytes.append(String(body.count))
            bytes.append(literal: "\r\n")
        }
        bytes.append(literal: "\r\n")
        body.withUnsafeBufferPointer { bytes.append($0) }
        return bytes
    }

    /// The bytes of the request for an account's token with the agent's defaults, made without a `String` of the name.
    package static func token(of account: UnsafeBufferPointer<UInt8>) -> RawBytes {
        var bytes = RawBytes(capacity: usualHead + account.count)
        bytes.append(literal: "GET /v1/accounts/")
        bytes.append(account)
        bytes.append(literal: "/token")
        appendRest(to: &bytes)
        return bytes
    }

    /// The bytes of a GET request. `path`: with its query, encoded.
    package static func get(_ path: UnsafeBufferPointer<UInt8>) -> RawBytes {
        var bytes = RawBytes(capacity: usualHead + path.count)
        bytes.append(literal: "GET ")
        bytes.append(path)
        appendRest(to: &bytes)
        return bytes
    }

    /// Appends what follows the path in a request without body.
    private static func appendRest(to bytes: inout RawBytes) {
        bytes.append(literal: " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: authagent/")
        bytes.append(agentVersion)
        bytes.append(literal: "\r\n\r\n")
    }

    /// The bytes of a head without its path, rounded up.
    private static let usualHead = 256
}

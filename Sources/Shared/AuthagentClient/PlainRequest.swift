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
    package var bytes: [UInt8] {
        var head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: " + accept
        head += "\r\nUser-Agent: authagent/" + agentVersion + "\r\n"
        if !lastEventID.isEmpty { head += "Last-Event-ID: " + lastEventID + "\r\n" }
        if !body.isEmpty { head += "Content-Type: application/json\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: " + String(body.count) + "\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}

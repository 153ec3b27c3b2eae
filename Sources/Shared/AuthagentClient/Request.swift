/// One thing that the agent can be asked: what is sent, what comes back, and how long that may take.
package struct Request<Reply: Sendable>: Sendable {
    package var plain: PlainRequest
    package var limit: Duration = .seconds(10)

    package init(_ method: String, _ path: String) { plain = PlainRequest(method, path) }

    /// Whether it may be sent again when its connection ends before the answer (RFC 9110 §9.2.2).
    package var isRepeatable: Bool { plain.method == "GET" }
}

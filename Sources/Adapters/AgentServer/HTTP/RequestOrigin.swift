internal import AgentAPI
internal import NIOHTTP1

/// The check that a request comes from a local program, and not from a web page that reaches the socket via a proxy.
enum RequestOrigin {
    /// Returns the reason to refuse a request by its head; `nil` if it is from a local program.
    static func problem(of head: HTTPRequestHead) -> Problem? {
        // Only browsers send these fields, and a page cannot omit them (Fetch, "forbidden request-header").
        let isBrowser = head.headers.contains { name, _ in
            let name = name.lowercased()
            return name == "origin" || name.hasPrefix("sec-fetch-")
        }
        if isBrowser {
            return Problem(
                .forbidden, "the request comes from a browser",
                hint: "use a local program, and close the proxy to browsers", reason: "browser"
            )
        }
        // DNS rebinding: a page's name that resolves to this machine is in the Host field or the target.
        let host = head.headers.first(name: "host").map { $0.trimmingSpace() }
        guard [host, RequestTarget.authority(head.uri)].allSatisfy({ $0.map(isLocal) ?? true }) else {
            return Problem(
                .forbidden, "the request's host is not 'localhost'",
                hint: "send 'Host: localhost'", reason: "foreign_host"
            )
        }
        return nil
    }

    private static func isLocal(_ authority: Substring) -> Bool {
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard authority.isEmpty || parts[0].lowercased() == "localhost" else { return false }
        return parts.dropFirst().allSatisfy {
            $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }
}

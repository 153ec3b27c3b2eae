internal import AgentAPI
internal import NIOHTTP1

/// Whether a request is from a program on this machine, and not from a web page that reaches the socket through a proxy.
enum RequestOrigin {
    /// Why it is refused, before anything is done for it.
    static func problem(of head: HTTPRequestHead) -> Problem? {
        // Only browsers send them, and a page cannot leave them out (Fetch, "forbidden request-header").
        let isBrowser = head.headers.contains { name, _ in
            let name = name.lowercased()
            return name == "origin" || name.hasPrefix("sec-fetch-")
        }
        if isBrowser {
            return Problem(
                .forbidden, "the request comes from a browser",
                hint: "ask with a program of your own; a proxy must not be open to browsers", reason: "browser"
            )
        }
        // A name that a page's owner lets point to this machine (DNS rebinding) is in these two places.
        let host = head.headers.first(name: "host").map { $0.trimmingSpace() }
        guard [host, RequestTarget.authority(head.uri)].allSatisfy({ $0.map(isLocal) ?? true }) else {
            return Problem(
                .forbidden, "the request is for another host than 'localhost'",
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

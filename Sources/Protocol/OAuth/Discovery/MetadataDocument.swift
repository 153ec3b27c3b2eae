internal import Formats

/// A public document of an issuer: its metadata or its keys. Only these requests follow redirects, and only within
/// their own origin.
package struct MetadataDocument: Sendable {
    package let reply: ProviderReply
    /// The server's own time of the reply, in seconds since 1970; `nil` if unknown.
    package let date: Int?

    /// One for a provider that moved its documents, one for a front server.
    private static let mostRedirects = 3

    package enum Failure: Error {
        case transport(TransportFailure)
        /// A redirect that is not followed. The text is for the user and names the sanitised address.
        case redirect(String)
    }

    /// Fetches the document. `timeLimit` applies to each request; `nil` if the transport's own applies.
    package static func fetch(
        _ url: EndpointURL, accepting mediaTypes: String, over transport: any HTTPTransport,
        timeLimit: Duration? = nil
    ) async throws(Failure) -> MetadataDocument {
        var url = url
        for hop in 0... {
            let request = HTTPRequest(method: .get, url: url, headers: [("Accept", mediaTypes)], timeLimit: timeLimit)
            let response: HTTPResponse
            do throws(TransportFailure) { response = try await transport.send(request) } catch {
                throw .transport(error)
            }
            guard isRedirect(response.status), let location = response.header("Location") else {
                return MetadataDocument(reply: ProviderReply(response), date: date(response))
            }
            guard hop < mostRedirects else { throw .redirect("\(url) leads to more than \(mostRedirects) redirects") }
            url = try next(location, from: url)
        }
        throw .redirect("\(url) redirects in a loop")
    }

    private static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    private static func next(_ location: String, from url: EndpointURL) throws(Failure) -> EndpointURL {
        let shown = DisplayText.clean(location, limit: 200)
        guard let next = URLReference(location).resolved(against: url) else {
            throw .redirect("\(url) redirects to '\(shown)', which is not an https address that can be followed")
        }
        // RFC 9700 §2.1: another origin cannot speak for the issuer.
        guard next.origin == url.origin else {
            throw .redirect("\(url) redirects to '\(shown)', which is another origin and is not followed")
        }
        return next
    }

    /// Reads `Date` (RFC 9110 §6.6.1) and adds `Age`, for a cached reply (RFC 9111 §5.1).
    private static func date(_ response: HTTPResponse) -> Int? {
        guard let date = response.header("Date").flatMap({ IMFDate.seconds($0) }) else { return nil }
        let age = response.header("Age").flatMap { Int($0) } ?? 0
        return date + min(max(age, 0), 86_400)
    }
}

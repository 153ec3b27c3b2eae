internal import Formats

/// A public document of an issuer's, its metadata or its keys: the only requests that follow a redirect, and only within
/// their own origin.
package struct MetadataDocument: Sendable {
    package let reply: ProviderReply
    /// When the server sent it by its own clock, in seconds since 1970; `nil` if it does not say.
    package let date: Int?

    /// A provider that moves its documents needs one, a front server in between another.
    private static let mostRedirects = 3

    package enum Failure: Error {
        case transport(TransportFailure)
        /// A redirect that is not followed. For people; names the address, cleaned.
        case redirect(String)
    }

    /// Fetches the document. `timeLimit` is for each request; `nil`: the transport's own.
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
        throw .redirect("\(url) redirects without an end")
    }

    private static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    private static func next(_ location: String, from url: EndpointURL) throws(Failure) -> EndpointURL {
        let shown = DisplayText.clean(location, limit: 200)
        guard let next = URLReference(location).resolved(against: url) else {
            throw .redirect("\(url) redirects to '\(shown)', which is not an address that is followed")
        }
        // RFC 9700 §2.1: what another origin says of an issuer is not the issuer's word.
        guard next.origin == url.origin else {
            throw .redirect("\(url) redirects to '\(shown)', which is another origin and is not followed")
        }
        return next
    }

    /// RFC 9110 §6.6.1, and RFC 9111 §5.1 for a reply out of a cache.
    private static func date(_ response: HTTPResponse) -> Int? {
        guard let date = response.header("Date").flatMap({ IMFDate.seconds($0) }) else { return nil }
        let age = response.header("Age").flatMap { Int($0) } ?? 0
        return date + min(max(age, 0), 86_400)
    }
}

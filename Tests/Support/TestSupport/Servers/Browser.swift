import Foundation

/// A person's browser without scripts: it keeps cookies, follows redirects, and fills in forms.
///
/// It makes one request at a time.
public final class Browser: Sendable {
    public struct Page: Sendable {
        public let address: String
        public let status: Int
        public let body: String
        /// Where the page sends the browser, absolute.
        public let location: String?
    }

    private let files: TemporaryDirectory
    private let headers: [String]

    /// The headers go with each request, as `Name: value`.
    public init(headers: [String] = []) throws {
        files = try TemporaryDirectory()
        self.headers = headers
    }

    /// Requests one address. A redirect is not followed.
    public func get(_ address: String) async throws -> Page { try await request(address, []) }

    /// Whether nothing listens at the address.
    public func isRefused(_ address: String) async throws -> Bool {
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(curl, ["-s", "--max-time", "30", "-o", "/dev/null", address])
        // curl(1): 7 is "failed to connect".
        return result.status == 7
    }

    /// Requests an address, and follows its redirects.
    public func follow(_ address: String) async throws -> Page {
        var page = try await get(address)
        for _ in 0..<10 {
            guard let location = page.location else { return page }
            page = try await get(location)
        }
        throw Failure(description: "\(address): redirects without end")
    }

    /// Opens an address of a server, and does what its pages request until it sends the browser elsewhere.
    ///
    /// `answers` are what the person types, and the buttons that the person presses, by name. Returns the address
    /// elsewhere, which is not requested.
    public func logIn(at address: String, of server: String, answers: [String: String]) async throws -> String {
        var page = try await get(address)
        for _ in 0..<20 {
            if let location = page.location {
                guard location.hasPrefix(server) else { return location }
                page = try await get(location)
                continue
            }
            guard let form = WebForm(of: page.body) else { break }
            page = try await submit(form, on: page, answers)
        }
        throw Failure(description: "\(server) ends the login with \(page.status) at \(page.address): \(page.text)")
    }

    private func submit(_ form: WebForm, on page: Page, _ answers: [String: String]) async throws -> Page {
        let base = URL(string: page.address)
        let target = form.action.flatMap { URL(string: $0, relativeTo: base)?.absoluteString } ?? page.address
        let fields = form.filled(with: answers).flatMap { ["--data-urlencode", "\($0.key)=\($0.value)"] }
        // Without a field, curl would send GET.
        return try await request(target, ["--request", "POST", "--referer", page.address] + fields)
    }

    private func request(_ address: String, _ options: [String]) async throws -> Page {
        let curl = try MissingProgram.require("curl", package: "curl")
        let (jar, body) = (files.path + "/cookies", files.path + "/body")
        // Left as it was if a reply has no body.
        try files.file("body", "")
        let result = try await ChildProcess.run(
            curl,
            ["-sS", "--max-time", "30", "-b", jar, "-c", jar, "-o", body, "-w", "%{http_code} %{redirect_url}"]
                + headers.flatMap { ["-H", $0] } + options + [address])
        guard result.status == 0 else { throw Failure(description: "\(address): \(result.errors)") }
        let words = result.output.split(separator: " ", maxSplits: 1).map(String.init)
        return Page(
            address: address, status: words.first.flatMap { Int($0) } ?? 0,
            body: try String(contentsOfFile: body, encoding: .utf8), location: words.count == 2 ? words[1] : nil)
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }
}

extension Browser.Page {
    /// What the page says, without its markup.
    fileprivate var text: String {
        let text = body.replacing(/<[^>]*>/.dotMatchesNewlines(), with: " ")
        return text.split(whereSeparator: \.isWhitespace).suffix(60).joined(separator: " ")
    }
}

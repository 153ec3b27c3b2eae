internal import Formats
internal import SecretMemory

/// The text of an authorization response, as a browser, a listener or a user hands it over.
struct ResponseText {
    /// Without white space, quotes and angle brackets around it.
    private let text: WipedBytes

    init(_ given: some Collection<UInt8>) throws(AuthorizationResponse.Rejection) {
        guard given.count <= AuthorizationResponse.longest else { throw .tooLong }
        // An address has no white space; what a terminal wrapped comes back with line breaks.
        var unwrapped = WipedBytes(capacity: given.count)
        for byte in given where ![0x09, 0x0A, 0x0D, 0x20].contains(byte) { unwrapped.append(byte) }
        var text = unwrapped[...]
        for pair in ["\"\"", "''", "<>"] where text.count > 1 {
            if text.first == pair.utf8.first, text.last == pair.utf8.last { text = text.dropFirst().dropLast() }
        }
        guard !text.isEmpty, text.allSatisfy(\.isVisible) else { throw .unreadable }
        self.text = WipedBytes(text)
    }

    /// Shorter text is a word that was typed by mistake: real codes have 16 characters or more (RFC 6749 §10.10).
    private static let shortestCode = 8

    /// The text as a code; `nil` if it is too short, or looks like a part of an address.
    var bareCode: SecretBytes? {
        guard (Self.shortestCode...TokenGrant.maximumTokenLength).contains(text.count),
            !text.contains(where: { "?#&".utf8.contains($0) })
        else {
            return nil
        }
        return SecretBytes(text)
    }

    /// Returns the response's parameters; `nil` if the text is neither an address, nor a query that has some.
    func parameters(at redirect: RedirectURI) throws(AuthorizationResponse.Rejection) -> ResponseParameters? {
        if let parameters = try Self.parameters(text, at: redirect) { return parameters }
        // A code alone may be base64 by chance, but its bytes are not a query with a code and a state.
        guard let decoded = Base64URL.decodeLeniently(text), decoded.allSatisfy(\.isVisible) else { return nil }
        return try Self.parameters(WipedBytes(decoded), at: redirect)
    }

    private static func parameters(
        _ text: WipedBytes, at redirect: RedirectURI
    ) throws(AuthorizationResponse.Rejection) -> ResponseParameters? {
        let beforeFragment = text.prefix { $0 != UInt8(ascii: "#") }
        let address = beforeFragment.prefix { $0 != UInt8(ascii: "?") }
        let isAddress = isAddress(text)
        let query = isAddress ? beforeFragment.dropFirst(address.count + 1) : beforeFragment
        if isAddress { try check(String(decoding: address, as: UTF8.self), redirect) }
        let parameters = try ResponseParameters(query)
        guard isAddress || parameters.isResponse else { return nil }
        // Facebook adds '#_=_' to each address that it sends a browser to.
        let fragment = text.dropFirst(beforeFragment.count + 1)
        guard fragment.isEmpty || fragment.elementsEqual("_=_".utf8) else { throw .fragment }
        return parameters
    }

    /// Whether the text begins with an address or a path, and is not a query, whose values may have all of its marks.
    private static func isAddress(_ text: WipedBytes) -> Bool {
        let head = text.prefix { !":/?#=&".utf8.contains($0) }
        let rest = text.dropFirst(head.count)
        if rest.starts(with: "://".utf8) || head.isEmpty && text.first == UInt8(ascii: "/") { return true }
        // Without its scheme, as browsers show it.
        let mark = text.first { "?#=&".utf8.contains($0) }
        return mark == UInt8(ascii: "?") || mark == UInt8(ascii: "#")
    }

    /// Checks the address or path before the query; an empty one is that of the login.
    private static func check(_ address: String, _ redirect: RedirectURI) throws(AuthorizationResponse.Rejection) {
        if address.isEmpty || address.utf8.elementsEqual(redirect.path.utf8) { return }
        let scheme = address.contains("://") ? "" : redirect.isLoopback ? "http://" : "https://"
        guard let found = try? RedirectURI(parsing: scheme + address), redirect.isSame(as: found) else {
            throw .otherAddress(expected: redirect)
        }
    }
}

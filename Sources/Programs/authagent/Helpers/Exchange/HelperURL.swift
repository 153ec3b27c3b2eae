internal import AuthagentClient

/// The URL for which a tool wants a token. Which account has it, the agent decides.
enum HelperURL {
    /// Returns the URL without query and fragment, which select no account.
    static func checked(_ url: Bytes) throws(Failure) -> Bytes {
        guard url.count <= RequestText.longest else {
            throw Failure("the URL is longer than \(RequestText.longest) bytes", hint: Helper.usageHint)
        }
        guard !url.isEmpty, url.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure("the URL is empty or has characters that a URL cannot have", hint: Helper.usageHint)
        }
        let end = url.place(of: "?") ?? url.place(of: "#") ?? url.count
        return url.part(0, min(end, url.place(of: "#") ?? end))
    }

    /// Lends the URL of a service that may be named by its host alone: `registry.example.com` is
    /// `https://registry.example.com/`.
    static func ofService(_ name: Bytes, _ use: (Bytes) throws(Failure) -> Void) throws(Failure) {
        let name = try checked(name)
        if hasScheme(name) { return try use(name) }
        var url = RawBytes(capacity: name.count + 16)
        url.append(literal: "https://")
        url.append(name)
        if name.place(of: "/") == nil { url.append(literal: "/") }
        return try url.withBytes(use)
    }

    private static func hasScheme(_ name: Bytes) -> Bool {
        guard let colon = name.place(of: ":") else { return false }
        return name.dropping(colon).hasPrefix("://")
    }
}

internal import Formats
package import OAuth
package import SecretMemory

/// An assertion that another program has minted, such as Kubernetes or SPIFFE, and put into a file.
package struct PresentedAssertion: Sendable {
    /// One of the compact form (RFC 7515 §7.1), without the line's end.
    package let secret: SecretBytes
    /// In seconds since 1970; `nil` if it names none.
    package let expiresAt: Int?

    /// Parses a file's content; `path` is for messages. Only shape and expiry are looked at: the provider judges the
    /// rest.
    package init(file: SecretBytes, path: String) throws(ClientProofFailure) {
        var bytes = file.revealed()[...]
        while let last = bytes.last, " \t\r\n".utf8.contains(last) { bytes = bytes.dropLast() }
        while let first = bytes.first, " \t\r\n".utf8.contains(first) { bytes = bytes.dropFirst() }
        let token: JSONWebToken
        do throws(IDTokenRejection) { token = try JSONWebToken(parsing: Array(bytes)) } catch {
            throw ClientProofFailure(
                "\(path): this is not an assertion: \(error)",
                hint: "have the file written with one signed JWT and nothing else")
        }
        secret = SecretBytes(Array(bytes))
        let end = ReplyFields(token.claims).text("exp").flatMap { Double($0) }
        expiresAt = end.flatMap { Int(exactly: $0.rounded(.down)) }
    }

    /// Refuses an assertion that has expired. `wall` is in seconds since 1970.
    package func requireValid(at wall: Int, path: String) throws(ClientProofFailure) {
        guard let expiresAt, expiresAt <= wall else { return }
        throw ClientProofFailure(
            "\(path): the assertion expired at \(RFC3339.text(max(0, expiresAt)))",
            hint: "check that the program that writes the file still runs, and this machine's clock")
    }
}

/// A client's assertion from a file, which is read anew for each request.
package struct AssertionFileSigner: ClientAssertionSigner {
    private let read: @Sendable () throws(ClientProofFailure) -> SecretBytes

    /// `read` returns an assertion that is not expired.
    package init(read: @escaping @Sendable () throws(ClientProofFailure) -> SecretBytes) { self.read = read }

    /// The file's issuer has chosen the audience.
    package func assertion(clientID: String, audience: String) throws(ClientProofFailure) -> SecretBytes { try read() }
}

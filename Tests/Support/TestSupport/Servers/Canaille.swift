import Testing

/// A temporary canaille, an authorization server in Python, with its data in memory.
///
/// Its client `app` is public, and its user `ann` has the password `correct horse`. Clients can register themselves. The
/// client `robot` may use the JWT bearer grant for the user `bea`, who has agreed: canaille verifies its assertions with
/// its own key, and requests no other proof of the client.
public final class Canaille: Sendable {
    public let issuer: String
    /// The private key that signs the assertions of `robot`.
    public var keyFile: String { files.path + "/key.pem" }
    private let files: TemporaryDirectory
    private let server: ChildProcess

    /// The client `app` may use these redirect URIs, exactly as they are.
    public static func start(redirectURIs: [String] = []) async throws -> Canaille {
        let files = try TemporaryDirectory()
        let server = try await PythonServer.start("canaille", [files.path + "/key.pem"] + redirectURIs)
        return Canaille(server, files)
    }

    private init(_ server: PythonServer, _ files: TemporaryDirectory) {
        issuer = server.issuer
        self.server = server.process
        self.files = files
    }

    /// Logs in as a person does in a browser, and consents.
    ///
    /// Returns where the browser is sent, which is not requested.
    public func approve(_ authorizationURI: String, in browser: Browser? = nil) async throws -> String {
        try await decide("accept", authorizationURI, browser)
    }

    public func deny(_ authorizationURI: String, in browser: Browser? = nil) async throws -> String {
        try await decide("deny", authorizationURI, browser)
    }

    private func decide(_ answer: String, _ uri: String, _ browser: Browser?) async throws -> String {
        try await (browser ?? Browser()).logIn(
            at: uri, of: issuer, answers: ["login": "ann", "password": "correct horse", "answer": answer])
    }
}

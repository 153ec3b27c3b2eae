import Testing

/// A temporary authgent-server, an authorization server for agents in Python, with its database in a temporary directory.
///
/// Its clients have the secret `s3cret` and the scopes `read` and `write`: `service` may use client credentials, and
/// `gateway` token exchange and the JWT bearer grant as well. An exchanged token has `gateway` as its actor (`act`). It
/// issues authorization grants (`requested_token_type` `jwt`) for itself, and takes each of them once.
public final class Authgent: Sendable {
    public let issuer: String
    private let files: TemporaryDirectory
    private let server: ChildProcess

    public static func start() async throws -> Authgent {
        let files = try TemporaryDirectory()
        return Authgent(try await PythonServer.start("authgent", [files.path + "/database"]), files)
    }

    private init(_ server: PythonServer, _ files: TemporaryDirectory) {
        issuer = server.issuer
        self.server = server.process
        self.files = files
    }
}

import Foundation
import Testing

/// A temporary LemonLDAP::NG, Debian's single sign-on server, with its sessions in a temporary directory.
///
/// Its client `app` is public, and its user is `dwho`, whose password is the name. Who logs in has the level `loa-1`,
/// or `loa-3` from a browser with `secondFactor`. It knows `acr_values`, but does not honour them.
public final class LemonLDAP: Sendable {
    /// It ends with a slash.
    public let issuer: String
    private let files: TemporaryDirectory
    private let server: ChildProcess

    /// The header of a browser whose user has a second factor.
    public static let secondFactor = "X-Second-Factor: yes"

    /// The client may use these redirect URIs, exactly as they are.
    public static func start(redirectURIs: [String]) async throws -> LemonLDAP {
        let plackup = try MissingProgram.require("plackup", package: "libplack-perl")
        guard FileManager.default.fileExists(atPath: portal) else {
            throw MissingProgram(name: portal, package: "liblemonldap-ng-portal-perl")
        }
        let files = try TemporaryDirectory()
        // Another process may take a free port before the server does.
        for _ in 0..<5 {
            let port = try ServerPort.free()
            let issuer = "http://127.0.0.1:\(port)/"
            try await LemonLDAPSettings(directory: files, issuer: issuer, redirectURIs: redirectURIs).write()
            var environment = ChildProcess.programEnvironment
            environment["LLNG_DEFAULTCONFFILE"] = files.path + "/lemonldap-ng.ini"
            let server = try ChildProcess(
                plackup,
                [
                    "-I", files.path + "/lib", "-s", "HTTP::Server::PSGI", "-E", "production", "--host", "127.0.0.1",
                    "--port", "\(port)", portal,
                ], environment: environment)
            let browser = try Browser()
            let metadata = issuer + ".well-known/openid-configuration"
            await eventually("LemonLDAP::NG does not answer: \(server.errorsSoFar)") {
                guard server.isRunning else { return true }
                return await (try? browser.get(metadata))?.status == 200
            }
            if server.isRunning { return LemonLDAP(issuer: issuer, files: files, server: server) }
        }
        throw MissingProgram(name: "a free port for LemonLDAP::NG", package: "libplack-perl")
    }

    private init(issuer: String, files: TemporaryDirectory, server: ChildProcess) {
        self.issuer = issuer
        self.files = files
        self.server = server
    }

    private static let portal = "/usr/share/lemonldap-ng/portal/htdocs/index.psgi"

    /// Logs in as a person does in a browser, and consents. A browser that has logged in before keeps its session.
    ///
    /// Returns where the browser is sent, which is not requested.
    public func approve(_ authorizationURI: String, in browser: Browser? = nil) async throws -> String {
        try await (browser ?? Browser()).logIn(
            at: authorizationURI, of: issuer, answers: ["user": "dwho", "password": "dwho"])
    }
}

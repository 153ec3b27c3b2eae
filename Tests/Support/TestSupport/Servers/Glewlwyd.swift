import Foundation
import Testing

/// A temporary Glewlwyd, Debian's authorization server, with its database in a temporary directory.
///
/// Its clients for the device grant are `tv`, public, and `server`, confidential with the secret `s3cret`; those for the
/// authorization code grant are `app` and `bank`, in the same way, and `bank` may use CIBA as well. For client credentials
/// it has `robot` with the same secret, and those of the options. Its user `admin` approves.
public final class Glewlwyd: Sendable {
    public struct Options: Sendable {
        public var oneUseRefreshTokens = false
        /// In seconds.
        public var accessTokenLifetime = 3600
        public var interval = 1
        /// The redirect URIs of `app` and `bank`, exactly as they are.
        public var redirectURIs: [String] = []
        /// The public key, as PEM, by which the client `keyed` proves itself (private_key_jwt); `nil`: no such client.
        public var publicKey: String?
        /// `nil`: the server is at http, and has no client `certified`.
        public var tls: TLS?

        public init() {}
    }

    /// TLS of its own, in which the client `certified` may prove itself (RFC 8705) by a certificate of the authority for
    /// the name `Glewlwyd.certifiedName`.
    public struct TLS: Sendable {
        let certificate: ThrowAwayCA.Certificate
        let authority: String

        /// The server's certificate is for `localhost`.
        public init(_ certificate: ThrowAwayCA.Certificate, clientAuthority: ThrowAwayCA) {
            self.certificate = certificate
            authority = clientAuthority.file
        }
    }

    public static let certifiedName = "certified.example"

    public let issuer: String
    let base: String
    private let files: TemporaryDirectory
    private let server: ChildProcess
    let cookie: String

    public static func start(_ options: Options = Options()) async throws -> Glewlwyd {
        let program = try MissingProgram.require("glewlwyd", package: "glewlwyd")
        let files = try TemporaryDirectory()
        try await makeDatabase(files.path)
        // The port is configured by number: another process may take a free one before the server does.
        for _ in 0..<5 {
            let port = try ServerPort.free()
            try files.file("glewlwyd.conf", try await configuration(files.path, port: port, options.tls))
            let server = try ChildProcess(
                program, ["-c", files.path + "/glewlwyd.conf"], environment: ChildProcess.programEnvironment
            )
            let base = "\(options.tls == nil ? "http" : "https")://localhost:\(port)/api"
            try await eventually("glewlwyd does not answer: \(server.outputSoFar)") {
                try await curl(["-o", "/dev/null", base + "/"]).status == 0 || !server.isRunning
            }
            guard server.isRunning else { continue }
            let cookie = try await signIn(base)
            let glewlwyd = Glewlwyd(base: base, files: files, server: server, cookie: cookie)
            try await glewlwyd.configure(options)
            return glewlwyd
        }
        throw MissingProgram(name: "a free port for glewlwyd", package: "glewlwyd")
    }

    private init(base: String, files: TemporaryDirectory, server: ChildProcess, cookie: String) {
        self.base = base
        issuer = base + "/oidc"
        self.files = files
        self.server = server
        self.cookie = cookie
    }

    /// The scopes of a login.
    public static let scopes = ["openid", "g_profile"]

    /// `scopes` as options of `authagent login`.
    public static let scopeOptions = scopes.flatMap { ["--scope", $0] }

    /// The HTTP status of a refresh with this token; 400 if the server has revoked it.
    public func statusOfRefresh(_ refreshToken: String, client: String, secret: String) async throws -> String {
        try await Self.curl([
            "-o", "/dev/null", "-w", "%{http_code}", "--data-urlencode", "refresh_token=\(refreshToken)", "-d",
            "grant_type=refresh_token", "-u", "\(client):\(secret)", issuer + "/token",
        ]).output
    }
}

extension Glewlwyd {
    private static let documents = "/usr/share/doc/glewlwyd"

    private static func makeDatabase(_ directory: String) async throws {
        let sqlite = try MissingProgram.require("sqlite3", package: "sqlite3")
        let schema = try await run("/bin/zcat", ["\(documents)/database/init.sqlite3.sql.gz"])
        _ = try await run(sqlite, ["\(directory)/glewlwyd.db"], input: schema)
    }

    /// The packaged sample configuration with our port and database, and a cookie that works over http.
    private static func configuration(_ directory: String, port: Int, _ tls: TLS?) async throws -> String {
        let sample = try await run("/bin/zcat", ["\(documents)/glewlwyd.conf.sample.gz"])
        let scheme = tls == nil ? "http" : "https"
        return sample.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            switch line {
            case _ where line.hasPrefix("port="): "port=\(port)\nbind_address=\"127.0.0.1\""
            case _ where line.hasPrefix("external_url="): "external_url=\"\(scheme)://localhost:\(port)\""
            case _ where line.hasPrefix("use_secure_connection="): "use_secure_connection=\(tls != nil)"
            case _ where line.hasPrefix("secure_connection_key_file="):
                "secure_connection_key_file=\"\(tls?.certificate.keyFile ?? "")\""
            case _ where line.hasPrefix("secure_connection_pem_file="):
                "secure_connection_pem_file=\"\(tls?.certificate.certificateFile ?? "")\""
            case _ where line.hasPrefix("secure_connection_ca_file="):
                "secure_connection_ca_file=\"\(tls?.authority ?? "")\""
            case _ where line.contains("path = \"/var/cache"): "  path = \"\(directory)/glewlwyd.db\";"
            case _ where line.hasPrefix("cookie_secure="): "cookie_secure=0"
            default: String(line)
            }
        }.joined(separator: "\n")
    }

    /// The session cookie is for `localhost`, which cookie jars refuse, so it is sent explicitly.
    private static func signIn(_ base: String) async throws -> String {
        let body = #"{"username":"admin","password":"password"}"#
        let result = try await curl([
            "-D", "-", "-o", "/dev/null", "-d", body, "-H", "Content-Type: application/json", base + "/auth/",
        ])
        let header = result.lines.first { $0.lowercased().hasPrefix("set-cookie:") } ?? ""
        return header.dropFirst("set-cookie:".count).prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
    }

    private func configure(_ options: Options) async throws {
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        let key = try await Self.run(openssl, ["genrsa", "-traditional", "2048"])
        let publicKey = try await Self.run(openssl, ["rsa", "-pubout"], input: key)
        let settings = GlewlwydSettings(issuer: issuer, options: options)
        try await send("POST", "/mod/plugin/", settings.plugin(key: key, publicKey: publicKey))
        // The user may not grant `openid` by default, and without that scope there is no ID token.
        try await send(
            "PUT", "/user/admin",
            [
                "name": "The Administrator", "email": "admin@example.com", "enabled": true,
                "scope": ["g_admin", "g_profile", "openid"],
            ])
        for client in settings.clients { try await send("POST", "/client/", client) }
    }

    func send(_ method: String, _ path: String, _ body: [String: Any]) async throws {
        let json = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        let result = try await Self.curl(
            [
                "-X", method, "-f", "-H", "Cookie: \(cookie)", "-H", "Content-Type: application/json", "-d", "@-",
                base + path,
            ], input: json)
        try #require(result.status == 0, "glewlwyd refused \(method) \(path): \(result.output)\(result.errors)")
    }

    static func curl(_ arguments: [String], input: String = "") async throws -> ChildProcess.Result {
        let curl = try MissingProgram.require("curl", package: "curl")
        // The administrator's requests do not depend on which authority has signed the server's certificate.
        return try await ChildProcess.run(curl, ["-sSk", "--max-time", "20"] + arguments, input: input)
    }

    private static func run(_ program: String, _ arguments: [String], input: String = "") async throws -> String {
        let result = try await ChildProcess.run(program, arguments, input: input)
        try #require(result.status == 0, "\(program): \(result.errors)")
        return result.output
    }
}

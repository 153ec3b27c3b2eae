import Foundation
import Testing

/// A temporary Glewlwyd, Debian's authorization server, with its database in a temporary directory.
///
/// It has two clients: `tv`, public, and `server`, confidential with the secret `s3cret`. Its user `admin` approves
/// codes.
public final class Glewlwyd: Sendable {
    public struct Options: Sendable {
        public var oneUseRefreshTokens = false
        /// In seconds.
        public var accessTokenLifetime = 3600
        public var interval = 1

        public init() {}
    }

    public let issuer: String
    private let base: String
    private let files: TemporaryDirectory
    private let server: ChildProcess
    private let cookie: String

    public static func start(_ options: Options = Options()) async throws -> Glewlwyd {
        let program = try MissingProgram.require("glewlwyd", package: "glewlwyd")
        let files = try TemporaryDirectory()
        try await makeDatabase(files.path)
        // The port is configured by number: another process may take a free one before the server does.
        for _ in 0..<5 {
            let port = try freePort()
            try files.file("glewlwyd.conf", try await configuration(files.path, port: port))
            let server = try ChildProcess(
                program, ["-c", files.path + "/glewlwyd.conf"], environment: ChildProcess.programEnvironment
            )
            let base = "http://localhost:\(port)/api"
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

    /// Approves a user code as a user does in a browser.
    public func approve(
        _ userCode: String, client: String, scope: String = Glewlwyd.scopes.joined(separator: " ")
    ) async throws {
        try await send("PUT", "/auth/grant/\(client)", ["scope": scope])
        let result = try await Self.curl([
            "-o", "/dev/null", "-w", "%{redirect_url}", "-H", "Cookie: \(cookie)",
            "\(base)/oidc/device?code=\(userCode)&g_continue",
        ])
        #expect(result.output.contains("deviceComplete"), "glewlwyd did not take the approval: \(result.output)")
    }

    /// The HTTP status of a refresh with this token; 400 if the server has revoked it.
    public func statusOfRefresh(_ refreshToken: String, client: String, secret: String) async throws -> String {
        try await Self.curl([
            "-o", "/dev/null", "-w", "%{http_code}", "--data-urlencode", "refresh_token=\(refreshToken)", "-d",
            "grant_type=refresh_token", "-u", "\(client):\(secret)", issuer + "/token",
        ]).output
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
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
    private static func configuration(_ directory: String, port: Int) async throws -> String {
        let sample = try await run("/bin/zcat", ["\(documents)/glewlwyd.conf.sample.gz"])
        return sample.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            switch line {
            case _ where line.hasPrefix("port="): "port=\(port)\nbind_address=\"127.0.0.1\""
            case _ where line.hasPrefix("external_url="): "external_url=\"http://localhost:\(port)\""
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
        try await send(
            "POST", "/mod/plugin/",
            [
                "module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": true,
                "parameters": [
                    "iss": issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": publicKey,
                    "code-duration": 600, "refresh-token-duration": 1_209_600,
                    "access-token-duration": options.accessTokenLifetime, "allow-non-oidc": true,
                    "auth-type-client-enabled": true, "auth-type-code-enabled": true,
                    "auth-type-token-enabled": false, "auth-type-implicit-enabled": false,
                    "auth-type-password-enabled": false, "auth-type-refresh-enabled": true,
                    "auth-type-device-enabled": true, "refresh-token-rolling": true,
                    "refresh-token-one-use": options.oneUseRefreshTokens ? "always" : "never",
                    "device-authorization-expiration": 600, "device-authorization-interval": options.interval,
                    "introspection-revocation-allowed": true,
                    "introspection-revocation-allow-target-client": true,
                    "register-client-allowed": true, "register-client-management-allowed": true,
                    "register-client-auth-scope": [String](), "register-client-credentials-scope": ["g_profile"],
                    "register-default-properties": [String: String](), "jwks-show": true, "scope": [],
                ] as [String: Any],
            ])
        // The user may not grant `openid` by default, and without that scope there is no ID token.
        try await send(
            "PUT", "/user/admin",
            [
                "name": "The Administrator", "email": "admin@example.com", "enabled": true,
                "scope": ["g_admin", "g_profile", "openid"],
            ])
        try await send(
            "POST", "/client/",
            [
                "client_id": "tv", "name": "TV", "confidential": false, "enabled": true, "scope": [],
                "authorization_type": ["device_authorization", "refresh_token"],
            ])
        try await send(
            "POST", "/client/",
            [
                "client_id": "server", "name": "server", "confidential": true, "password": "s3cret",
                "client_secret": "s3cret", "enabled": true, "scope": [],
                "authorization_type": ["device_authorization", "refresh_token"],
                "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
            ])
    }

    private func send(_ method: String, _ path: String, _ body: [String: Any]) async throws {
        let json = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        let result = try await Self.curl(
            [
                "-X", method, "-f", "-H", "Cookie: \(cookie)", "-H", "Content-Type: application/json", "-d", "@-",
                base + path,
            ], input: json)
        try #require(result.status == 0, "glewlwyd refused \(method) \(path): \(result.output)\(result.errors)")
    }

    private static func curl(_ arguments: [String], input: String = "") async throws -> ChildProcess.Result {
        let curl = try MissingProgram.require("curl", package: "curl")
        return try await ChildProcess.run(curl, ["-sS", "--max-time", "20"] + arguments, input: input)
    }

    private static func run(_ program: String, _ arguments: [String], input: String = "") async throws -> String {
        let result = try await ChildProcess.run(program, arguments, input: input)
        try #require(result.status == 0, "\(program): \(result.errors)")
        return result.output
    }
}

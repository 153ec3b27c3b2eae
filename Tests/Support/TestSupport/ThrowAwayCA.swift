import Foundation
import Testing

/// A temporary certification authority of the `openssl` command.
public struct ThrowAwayCA: Sendable {
    public struct Certificate: Sendable {
        public let certificateFile: String
        public let keyFile: String
    }

    public let files: TemporaryDirectory
    /// The CA file that clients must trust.
    public var file: String { files.path + "/ca.pem" }

    public init() async throws {
        files = try TemporaryDirectory()
        // `openssl ca`, because `openssl x509` cannot create an expired certificate.
        try files.file(
            "openssl.cnf",
            """
            [req]
            distinguished_name = dn
            [dn]
            [v3_ca]
            basicConstraints = critical,CA:TRUE
            subjectKeyIdentifier = hash
            [ca]
            default_ca = throw_away
            [throw_away]
            database = \(files.path)/index.txt
            serial = \(files.path)/serial
            new_certs_dir = \(files.path)
            certificate = \(files.path)/ca.pem
            private_key = \(files.path)/ca.key
            default_md = sha256
            default_days = 2
            unique_subject = no
            policy = any
            [any]
            commonName = supplied
            """)
        try files.file("index.txt", "")
        try files.file("serial", "01\n")
        try await request(
            "ca", subject: "/CN=throw-away CA", ["-x509", "-days", "2", "-extensions", "v3_ca"], "ca.pem")
    }

    /// A server certificate for that name or address; `nil` leaves out subjectAltName.
    public func certificate(
        for name: String? = "IP:127.0.0.1", subject: String = "a server", isExpired: Bool = false
    ) async throws -> Certificate {
        try await request("server", subject: "/CN=\(subject)", [], "server.csr")
        try files.file("extensions.cnf", name.map { "subjectAltName = \($0)\n" } ?? "")
        let period = isExpired ? ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"] : []
        try await openssl(
            [
                "ca", "-batch", "-notext", "-config", path("openssl.cnf"), "-extfile",
                path("extensions.cnf"),
            ]
                + ["-in", path("server.csr"), "-out", path("server.pem")] + period
        )
        return Certificate(certificateFile: path("server.pem"), keyFile: path("server.key"))
    }

    /// A self-signed certificate.
    public func selfSigned() async throws -> Certificate {
        try files.file("self.cnf", "[req]\ndistinguished_name = dn\n[dn]\n[v3]\nsubjectAltName = IP:127.0.0.1\n")
        try await request(
            "self", subject: "/CN=a server", ["-x509", "-days", "2", "-extensions", "v3"], "self.pem",
            config: "self.cnf"
        )
        return Certificate(certificateFile: path("self.pem"), keyFile: path("self.key"))
    }

    private func request(
        _ name: String, subject: String, _ options: [String], _ output: String, config: String = "openssl.cnf"
    ) async throws {
        try await openssl(
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject]
                + ["-config", path(config), "-keyout", path(name + ".key"), "-out", path(output)] + options
        )
    }

    private func openssl(_ arguments: [String]) async throws {
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        let result = try await ChildProcess.run(openssl, arguments)
        try #require(result.status == 0, "openssl \(arguments): \(result.errors)")
    }

    private func path(_ name: String) -> String { files.path + "/" + name }
}

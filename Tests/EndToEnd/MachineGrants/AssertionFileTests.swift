import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Files with assertions that other programs write, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct AssertionFileTests {
    @Test("the client's assertion is read anew for each request, and never logged")
    func readAnew() async throws {
        let cluster = try await AssertionCluster()
        let (first, second) = (try cluster.assertion(serial: "1"), try cluster.assertion(serial: "2"))
        try cluster.put(first + "\n")
        try cluster.writeAccount()
        _ = try await cluster.machines.token("robot")
        try cluster.put(second)
        _ = try await cluster.machines.token("robot", "--renew")
        #expect(cluster.sent == [first, second])
        for secret in [first, second] { #expect(!cluster.demo.home.log.contains(secret)) }
    }

    @Test("a file that a cluster swaps behind links, in a directory that is sticky for all, is followed")
    func kubernetes() async throws {
        let cluster = try await AssertionCluster()
        let files = FileManager.default
        let directory = cluster.demo.home.files.path + "/tokens"
        chmod(directory, 0o1777)
        func swap(_ name: String, _ assertion: String) throws {
            try cluster.demo.home.files.directory("tokens/..\(name)")
            chmod(directory + "/..\(name)", 0o755)
            try cluster.demo.home.files.file("tokens/..\(name)/token", assertion, mode: 0o644)
            try files.createSymbolicLink(atPath: directory + "/..data_tmp", withDestinationPath: "..\(name)")
            try #require(rename(directory + "/..data_tmp", directory + "/..data") == 0)
        }
        let (first, second) = (try cluster.assertion(serial: "1"), try cluster.assertion(serial: "2"))
        try swap("2026_1", first)
        try files.createSymbolicLink(atPath: cluster.path, withDestinationPath: "..data/token")
        try cluster.writeAccount()
        _ = try await cluster.machines.token("robot")
        try swap("2026_2", second)
        _ = try await cluster.machines.token("robot", "--renew")
        #expect(cluster.sent == [first, second])
    }

    @Test("an expired assertion is refused with its path before anything is sent, and a renewed one is used")
    func expired() async throws {
        let cluster = try await AssertionCluster()
        try cluster.put(try cluster.assertion(lifetime: -60))
        try cluster.writeAccount()
        try await cluster.expectRefused("expired")
        let good = try cluster.assertion()
        try cluster.put(good)
        try await eventually("the renewed file is not used: \(cluster.demo.home.log)") {
            try await cluster.demo.home.authagent("token", "robot").status == 0
        }
        #expect(cluster.sent == [good])
    }

    @Test("a directory, a FIFO, a huge file, no file, and what is not a JWT: refused at once, with the path")
    func badFiles() async throws {
        let cluster = try await AssertionCluster()
        try cluster.writeAccount()
        try await cluster.expectRefused("missing")
        let bad: [(String, () throws -> Void)] = [
            ("regular file", { _ = try cluster.demo.home.files.directory("tokens/token") }),
            ("regular file", { try #require(mkfifo(cluster.path, 0o600) == 0) }),
            ("larger", { try sparse(cluster.path) }),
            ("not an assertion", { try cluster.put("not a token") }),
            ("not an assertion", { try cluster.put("") }),
            ("not an assertion", { try cluster.put("a.b.c\nd.e.f") }),
            ("may write", { try cluster.put(try cluster.assertion(), mode: 0o666) }),
        ]
        for (words, make) in bad {
            try? FileManager.default.removeItem(atPath: cluster.path)
            try make()
            // The agent does not try again at once.
            await cluster.demo.home.killDaemon()
            try await cluster.expectRefused(words)
        }
    }

    /// 1 GB, of which nothing is on the disk.
    private func sparse(_ path: String) throws {
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        try #require(file >= 0 && ftruncate(file, 1_000_000_000) == 0)
        close(file)
    }

    @Test("the assertion of a JWT bearer grant is the file's, and another issuer's is refused as invalid_grant")
    func bearer() async throws {
        let cluster = try await AssertionCluster()
        let audience = cluster.demo.issuer.issuer
        try cluster.put(try cluster.assertion(audience: audience))
        try cluster.machines.write(
            "robot", issuer: cluster.demo.issuer.issuer, client: nil, "grant = \"jwt_bearer\"",
            "assertion_file = \"\(cluster.path)\"", "scopes = [\"read\"]")
        #expect(try await cluster.machines.token("robot").scope == "read")
        try cluster.put(
            try TokenSigner().token([
                "iss": "\"\(AssertionCluster.issuer)\"", "sub": #""x""#, "aud": "\"\(audience)\"", "exp": "4000000000",
            ]))
        let result = try await cluster.demo.home.authagent("token", "robot", "--renew")
        #expect(result.status == 1, "\(result.errors)")
    }

    @Test("a token in a file is exchanged, with the type that the account names")
    func exchanged() async throws {
        let cluster = try await AssertionCluster()
        try cluster.put(try cluster.assertion())
        try cluster.machines.write(
            "robot", issuer: cluster.demo.issuer.issuer, client: "workload-public", "grant = \"token_exchange\"",
            "subject_token_file = \"\(cluster.path)\"", "subject_token = \"jwt\"", "audience = \"//pool\"")
        _ = try await cluster.machines.token("robot")
        let form = try #require(cluster.demo.issuer.log.last { $0.form["subject_token"] != nil }?.form)
        #expect(form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt" && form["audience"] == "//pool")
        try cluster.put(try cluster.assertion(lifetime: -60))
        await cluster.demo.home.killDaemon()
        let result = try await cluster.demo.home.authagent("token", "robot")
        #expect(result.status == 1 && result.errors.contains("expired") && result.errors.contains(cluster.path))
    }

    @Test("a key file of the wrong kind is refused with what it is, before anything is sent")
    func wrongKey() async throws {
        let cluster = try await AssertionCluster()
        let user = #"{"type":"authorized_user","client_id":"c","client_secret":"s3cret-of-a-user","refresh_token":"r"}"#
        let publicKey = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ==\n-----END PUBLIC KEY-----\n"
        for (text, words) in [(user, "authorized_user"), (publicKey, "public key"), ("hello", "key")] {
            let file = try cluster.demo.home.files.file("key", text)
            try cluster.machines.write(
                "robot", issuer: cluster.demo.issuer.issuer, client: "server", "grant = \"jwt_bearer\"",
                "client_key_file = \"\(file)\"")
            await cluster.demo.home.killDaemon()
            let result = try await cluster.demo.home.authagent("token", "robot")
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.errors.contains(file) && result.errors.contains(words), "\(result.errors)")
            #expect(!result.errors.contains("s3cret-of-a-user"))
        }
        #expect(cluster.demo.issuer.log.allSatisfy { $0.endpoint != .token })
    }
}

import Foundation
import TestSupport
import Testing

/// What is left in git's other helpers of a token that git has stored there without its expiry.
@Suite(.timeLimit(.minutes(5)))
struct GitEvictionTests {
    private static let host = "protocol=https\nhost=git.example.com\n"
    private static let token = host + "username=oauth2\npassword=AT1\n"

    /// Writes a configuration with another helper before ours.
    private func configure(_ agent: HelperAgent, _ other: String) throws {
        try agent.files.file(
            ".gitconfig",
            "[credential]\n\thelper = \(other)\n[credential \"https://git.example.com\"]\n\thelper = authagent\n")
    }

    @Test("after git has used a token, no other helper of git has it; a password of the user's stays there")
    func evicted() async throws {
        let agent = try HelperAgent()
        let store = agent.files.path + "/credentials"
        try configure(agent, "store --file=\(store)")
        func stored() -> String { (try? String(contentsOfFile: store, encoding: .utf8)) ?? "" }

        let own = try await agent.run("git", "credential", "approve", input: Self.token + "\n")
        #expect(own.status == 0 && own.output == "" && own.errors == "", "\(own)")
        #expect(!stored().contains("AT1"), "\(stored())")
        // Evicting is not a refusal.
        #expect(!agent.requests.contains { $0.contains("rejected") })

        let typed = Self.host + "username=me\npassword=typed\n\n"
        #expect(try await agent.run("git", "credential", "approve", input: typed).errors == "")
        #expect(stored() == "https://me:typed@git.example.com\n")
        let other = "protocol=https\nhost=other.example\nusername=me\npassword=AT1\n\n"
        #expect(try await agent.run("git", "credential", "approve", input: other).errors == "")
        #expect(stored().contains("me:AT1@other.example"))
    }

    @Test("a helper that is configured after ours gives the token up, too")
    func later() async throws {
        let agent = try HelperAgent()
        let store = agent.files.path + "/credentials"
        try agent.files.file(
            ".gitconfig", "[credential]\n\thelper = authagent\n\thelper = store --file=\(store)\n")
        let typed = Self.host + "username=me\npassword=typed\n\n"
        #expect(try await agent.run("git", "credential", "approve", input: typed).errors == "")
        #expect(try await agent.run("git", "credential", "approve", input: Self.token + "\n").errors == "")
        await eventually("the token stays") {
            (try? String(contentsOfFile: store, encoding: .utf8)) == "https://me:typed@git.example.com\n"
        }
        #expect(!agent.requests.contains { $0.contains("rejected") })
    }

    @Test("git's cache does not answer with a token that has ended")
    func cache() async throws {
        let agent = try HelperAgent()
        let socket = try agent.files.directory("cache") + "/socket"
        try configure(agent, "cache --timeout=900 --socket=\(socket)")
        let filled = try await agent.run("git", "credential", "fill", input: Self.host + "\n")
        #expect(filled.lines.contains("password=AT1"))
        // git 2.39 passes no expiry on.
        #expect(try await agent.run("git", "credential", "approve", input: Self.token + "\n").errors == "")
        _ = try await agent.helper("git", "erase", input: Self.token)
        let again = try await agent.run("git", "credential", "fill", input: Self.host + "\n")
        #expect(again.lines.contains("password=AT2"), "\(again.output)")
        _ = try await agent.run("git", "credential-cache", "--socket=\(socket)", "exit")
    }

    @Test("without another helper, with a cache that knows the expiry, and while it evicts, the agent is not asked")
    func unneeded() async throws {
        let agent = try HelperAgent()
        let link = agent.files.path + "/bin/git-credential-authagent"
        try agent.files.file(".gitconfig", "[credential]\n\thelper =\n\thelper = \(link)\n")
        #expect(try await agent.helper("git", "store", input: Self.token).status == 0)
        let known = Self.token + "password_expiry_utc=2000000000\n"
        for cache in ["cache", "cache --timeout=900"] {
            try configure(agent, cache)
            #expect(try await agent.helper("git", "store", input: known).status == 0)
        }
        for operation in ["store", "erase"] {
            let marked = try await agent.helper(
                "git", operation, input: Self.token, changes: ["AUTHAGENT_GIT_EVICTION": "1"])
            #expect(marked.status == 0 && marked.errors == "")
        }
        #expect(agent.requests.isEmpty, "\(agent.requests)")
    }

    @Test("a store that git tells the expiry writes the token all the same, and gives it up")
    func knownExpiry() async throws {
        let agent = try HelperAgent()
        let store = agent.files.path + "/credentials"
        try agent.files.file("credentials", "https://oauth2:AT1@git.example.com\n")
        try configure(agent, "store --file=\(store)")
        let known = Self.token + "password_expiry_utc=2000000000\n"
        #expect(try await agent.helper("git", "store", input: known).status == 0)
        #expect(try String(contentsOfFile: store, encoding: .utf8) == "")
    }

    @Test("store is silent and succeeds without git in PATH, without PATH, and with an agent that refuses")
    func withoutGit() async throws {
        let agent = try HelperAgent { _ in .loginRequired }
        try configure(agent, "cache")
        for changes in [[:], ["PATH": "/nonexistent"], ["PATH": ""], ["PATH": "bin:."]] {
            let result = try await agent.helper("git", "store", input: Self.token, changes: changes)
            #expect(result.status == 0 && result.output == "" && result.errors == "", "\(changes)")
        }
    }

    @Test("another helper that hangs delays store by a few seconds, and is gone then")
    func hanging() async throws {
        let agent = try HelperAgent()
        let record = agent.files.path + "/pid"
        try agent.files.file("bin/git-credential-slow", "#!/bin/sh\necho $$ >\(record)\nexec sleep 600\n", mode: 0o700)
        try configure(agent, "slow")
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await agent.helper("git", "store", input: Self.token)
        #expect(result.status == 0 && result.errors == "")
        #expect(clock.now - start < .seconds(60))
        let text = try String(contentsOfFile: record, encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        await eventually("the hanging helper still runs") { kill(pid, 0) != 0 }
    }

    @Test("a helper of the repository alone, and one of the command line, give the token up too")
    func repository() async throws {
        let agent = try HelperAgent()
        let git = try MissingProgram.require("git", package: "git")
        let store = agent.files.path + "/credentials"
        func approve(_ options: [String]) async throws {
            let result = try await ChildProcess.run(
                git, options + ["credential", "approve"], environment: agent.environment, input: Self.token + "\n")
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        }
        // Asks the other helper, and no agent.
        func isKept() async throws -> Bool {
            try await ChildProcess.run(
                git, ["credential-store", "--file=\(store)", "get"], environment: agent.environment,
                input: Self.host + "\n"
            ).output.contains("AT1")
        }
        let helper = "store --file=\(store)"
        try await approve(["-c", "credential.helper=\(helper)"])
        #expect(try await isKept())
        try await approve(["-c", "credential.helper=\(helper)", "-c", "credential.helper=authagent"])
        #expect(try await !isKept())

        let repository = try agent.files.directory("repository")
        for arguments in [["init", "-q"], ["config", "credential.helper", helper]] {
            _ = try await ChildProcess.run(git, ["-C", repository] + arguments, environment: agent.environment)
        }
        try await approve(["-C", repository])
        #expect(try await isKept())
        try await approve(["-C", repository, "-c", "credential.helper=authagent"])
        #expect(try await !isKept())
    }
}

import AgentAPI
import Configuration
import SecretMemory
import TestSupport
import Testing

struct DaemonSettingsTests {
    private func load(user: String?, system: String? = nil) throws -> DaemonSettings {
        try DaemonSettings.load(user: user, system: system)
    }

    @Test("without files the defaults apply")
    func defaults() throws {
        let settings = try load(user: nil)
        #expect(settings.network.connectTimeout == .seconds(10))
        #expect(settings.network.timeout == .seconds(30))
        #expect(settings.logLevel == .info)
    }

    @Test("the user's file wins over the system's, key by key")
    func precedence() throws {
        let settings = try load(
            user: "[network]\ntimeout = 5\n",
            system: "log_level = \"debug\"\n[network]\ntimeout = 7\nproxy = \"http://p:1\"\n"
        )
        #expect(settings.network.timeout == .seconds(5))
        #expect(settings.network.proxy == "http://p:1")
        #expect(settings.logLevel == .debug)
    }

    @Test(
        "mistakes are refused with their line",
        arguments: [
            ("log_level = \"loud\"\n", 1), ("\n[network]\ntimeout = 0\n", 3), ("[network]\ntimout = 5\n", 2),
            ("[network]\nca_file = \"relative.pem\"\n", 2), ("colour = 1\n", 1),
        ])
    func mistakes(text: String, line: Int) throws {
        let error = try #require(throws: ConfigurationError.self) { try load(user: text) }
        #expect(error.line == line)
        #expect(!error.hint.isEmpty)
    }

    @Test("a client secret file that others may read is refused; one line break at its end is ignored")
    func secretFile() throws {
        let files = try TemporaryDirectory()
        #expect(try ClientSecretFile.read(try files.file("good", "s3cret\n")) == SecretBytes("s3cret"))
        let loose = try files.file("loose", "s3cret\n", mode: 0o644)
        let error = try #require(throws: ConfigurationError.self) { try ClientSecretFile.read(loose) }
        #expect(error.hint.contains("chmod 600"))
        let empty = try files.file("empty", "\n")
        #expect(throws: ConfigurationError.self) { try ClientSecretFile.read(empty) }
    }
}

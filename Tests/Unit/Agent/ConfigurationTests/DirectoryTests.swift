import AgentAPI
import Configuration
import Foundation
import SecretMemory
import TestSupport
import Testing

/// The directories above the files that control logins.
struct DirectoryTests {
    let files: TemporaryDirectory
    let paths: UserPaths

    init() throws {
        files = try TemporaryDirectory()
        for name in ["etc/accounts", "home/.config/authagent/accounts"] { try files.directory(name) }
        let environment = ["HOME": files.path + "/home", "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc"]
        paths = try #require(UserPaths(environment: environment))
    }

    private static let account = "issuer = \"https://id.example\"\nclient_id = \"tv\"\n"

    @Test(
        "a directory above the configuration that others may write to is refused with the repair command",
        arguments: ["home", "home/.config"], [true, false])
    func configuration(loose: String, isThere: Bool) throws {
        try files.file("home/.config/authagent/authagent.toml", "log_level = \"debug\"\n")
        try files.file("home/.config/authagent/accounts/work.toml", Self.account)
        let directory = AccountDirectory(paths)
        let work = try #require(AccountName("work"))
        #expect(try DaemonSettings.load(paths).logLevel == .debug)
        #expect(try directory.load(work) != nil)
        // The file may be missing because another user has moved it away.
        if !isThere { try FileManager.default.removeItem(atPath: files.path + "/home/.config/authagent") }
        chmod(files.path + "/" + loose, 0o777)
        let errors = [
            try #require(throws: ConfigurationError.self) { try DaemonSettings.load(paths) },
            try #require(throws: ConfigurationError.self) { try directory.load(work) },
        ]
        for error in errors {
            #expect(error.file == files.path + "/" + loose)
            #expect(error.hint.contains("'chmod go-w \(files.path)/\(loose)'") || getuid() == 0, "\(error.hint)")
            #expect(error.hint.contains("chmod"), "\(error.hint)")
        }
        // As for /tmp: others can create names there, but not move this user's.
        chmod(files.path + "/" + loose, 0o1777)
        if isThere { #expect(try directory.load(work) != nil) }
        chmod(files.path + "/" + loose, 0o755)
        if isThere { #expect(try DaemonSettings.load(paths).logLevel == .debug) }
    }

    @Test("a home that a group with other members may write to is refused, as sshd does")
    func group() throws {
        try #require(getuid() == 0, "only root can give a directory to any group")
        let home = files.path + "/home"
        // A group with several members, or one without known members.
        try #require(chown(home, 0, 60_606) == 0 && chmod(home, 0o775) == 0)
        #expect(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
        // Root is the only member, as with the user private groups of Debian.
        try #require(chown(home, 0, 0) == 0 && chmod(home, 0o775) == 0)
        #expect(throws: Never.self) { try DaemonSettings.load(paths) }
    }

    @Test("secrets, keys and certificates are not read from a directory that others may write to")
    func secrets() throws {
        let open = try files.directory("open")
        let inner = try files.directory("open/inner")
        let secret = try files.file("open/inner/secret", "s3cret\n")
        let certificate = try files.file("open/inner/pem", "-----BEGIN CERTIFICATE-----\n")
        #expect(try ClientSecretFile.read(secret) == SecretBytes("s3cret"))
        let settings = "[network]\nca_file = \"\(certificate)\"\n"
        try files.file("home/.config/authagent/authagent.toml", settings)
        #expect(try DaemonSettings.load(paths).network.caFile == certificate)
        chmod(open, 0o777)
        symlink(inner, files.path + "/link")
        for directory in [inner, files.path + "/link"] {
            #expect(throws: ConfigurationError.self) { try ClientSecretFile.read(directory + "/secret") }
            #expect(throws: ConfigurationError.self) { try ClientKeyFile.key(directory + "/secret") }
            #expect(throws: ConfigurationError.self) { try ClientKeyFile.certificate(directory + "/pem") }
        }
        #expect(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
    }

    @Test("no hint changes an owner")
    func owners() throws {
        try #require(getuid() == 0, "only root can give a file away")
        let file = try files.file("home/.config/authagent/authagent.toml", "")
        try #require(chown(file, 65_534, 65_534) == 0)
        let foreign = try #require(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
        #expect(foreign.problem.contains("65534 (nobody)") && !foreign.hint.contains("chown"), "\(foreign)")
        try #require(chown(files.path + "/home", 65_534, 65_534) == 0)
        let home = try #require(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
        #expect(home.file == files.path + "/home")
        #expect(home.hint.contains("sudo -u nobody") && !home.hint.contains("chown"), "\(home)")
    }
}

import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `packaging/install`, into a temporary directory.
@Suite(.timeLimit(.minutes(5)))
struct InstallTests {
    private static let script = Repository.path("packaging/install")

    private static func install(_ arguments: [String]) async throws -> ChildProcess.Result {
        let bash = try MissingProgram.require("bash", package: "bash")
        return try await ChildProcess.run(bash, [script] + arguments)
    }

    /// Returns mode, owner and group of a file; "" if it does not exist.
    private static func mode(_ path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else { return "" }
        return "\(String(status.st_mode & 0o7777, radix: 8)) \(status.st_uid) \(status.st_gid)"
    }

    private static func number(_ path: String) -> UInt {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt(status.st_ino) : 0
    }

    @Test("modes, owners and units are correct, another user can log in, and a second run replaces each file")
    func install() async throws {
        try #require(getuid() == 0, "only root can install")
        let files = try TemporaryDirectory()
        chmod(files.path, 0o755)
        let root = files.path + "/root"
        let build = (try BuildProducts.path("authagent") as NSString).deletingLastPathComponent
        let before = Self.number(build + "/authagentd")
        let arguments = ["--prefix", "/opt/some", "--destdir", root, "--build", build]
        let first = try await Self.install(arguments)
        try #require(first.status == 0, "\(first.output)\(first.errors)")
        let prefix = root + "/opt/some"
        let programs = ["bin/authagent", "libexec/authagent/authagentd", "libexec/authagent/authagent-keyring"]
        for program in programs { #expect(Self.mode("\(prefix)/\(program)") == "711 0 0", "\(program)") }
        #expect(Self.mode(prefix + "/libexec/authagent/authagent-start-keyring") == "755 0 0")
        for name in ["user/authagent.service", "user/authagent.socket", "system/authagent.service"] {
            let path = prefix + "/lib/systemd/" + name
            #expect(Self.mode(path) == "644 0 0")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains("/usr/"), "\(text)")
            #expect(name.hasSuffix("socket") || text.contains("ExecStart=/opt/some/libexec/authagent/authagentd"))
        }
        #expect(Self.mode(prefix + "/libexec/authagent/authagent-hand-over") == "755 0 0")
        for name in [
            "share/man/man8/authagentd.8", "share/man/man1/authagent.1", "lib/sysusers.d/authagent.conf",
            "lib/tmpfiles.d/authagent.conf", "share/authagent/formats",
        ] {
            #expect(Self.mode(prefix + "/" + name) == "644 0 0")
        }
        for (name, target) in [
            ("bin/git-credential-authagent", "authagent"), ("bin/docker-credential-authagent", "authagent"),
            ("bin/cargo-credential-authagent", "authagent"), ("bin/terraform-credentials-authagent", "authagent"),
            ("lib/authagent/bin/keyring", "../../../bin/authagent"),
        ] {
            let path = prefix + "/" + name
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
            #expect(FileManager.default.isExecutableFile(atPath: path), "\(name)")
        }
        let formats = try String(contentsOfFile: prefix + "/share/authagent/formats", encoding: .utf8)
        for name in ["keyring-item", "login", "sealed-file", "sealed-store"] {
            #expect(formats.contains("\(name)="), "\(formats)")
        }
        #expect(
            try FileManager.default.destinationOfSymbolicLink(
                atPath: prefix + "/share/man/man1/git-credential-authagent.1") == "authagent-helper.1")
        let page = try String(contentsOfFile: prefix + "/share/man/man1/authagent-helper.1", encoding: .utf8)
        #expect(page.contains("/opt/some/lib/authagent/bin") && !page.contains("/usr/"))
        // The installed file is stripped, the built one is not.
        #expect(Self.number(build + "/authagentd") == before)
        let sizes = try [build + "/authagentd", prefix + "/libexec/authagent/authagentd"].map {
            try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int ?? 0
        }
        #expect(sizes[1] < sizes[0])

        try await logIn(prefix)

        // An administrator's changes stay; a running program keeps its file.
        try "changed\n".write(toFile: root + "/etc/logrotate.d/authagent", atomically: true, encoding: .utf8)
        try "mine\n".write(toFile: prefix + "/bin/other", atomically: true, encoding: .utf8)
        let old = programs.map { Self.number("\(prefix)/\($0)") }
        let second = try await Self.install(arguments)
        try #require(second.status == 0, "\(second.errors)")
        for (program, old) in zip(programs, old) { #expect(Self.number("\(prefix)/\(program)") != old) }
        for program in programs { #expect(Self.mode("\(prefix)/\(program)") == "711 0 0") }
        #expect(try String(contentsOfFile: root + "/etc/logrotate.d/authagent", encoding: .utf8) == "changed\n")
        #expect(Self.mode(prefix + "/bin/other") != "")
        let left = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains("authagent-new") }
        #expect(left.isEmpty)
    }

    /// Runs as a user who may execute the programs but not read them.
    private func logIn(_ prefix: String) async throws {
        let user: UInt32 = 64_011
        let demo = try await DemoLogin()
        let home = try TemporaryDirectory()
        for name in ["run", "config", "state"] { try home.directory(name) }
        for name in ["", "/run", "/config", "/state"] { #expect(chown(home.path + name, user, user) == 0) }
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        func start(_ program: String, _ arguments: [String]) throws -> ChildProcess {
            try ChildProcess(
                setpriv, ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", program] + arguments,
                environment: ChildProcess.programEnvironment.merging([
                    "HOME": home.path, "XDG_CONFIG_HOME": home.path + "/config",
                    "XDG_STATE_HOME": home.path + "/state", "AUTHAGENT_SOCK": home.path + "/run/agent.sock",
                ]) { $1 })
        }
        let client = prefix + "/bin/authagent"
        #expect(await (try start("/bin/cat", [client])).result().status != 0)
        let login = try start(client, ["login", "work", "--json"] + demo.options)
        let prompt = try #require(await demo.home.prompt(of: login), "\(login.errorsSoFar)")
        demo.issuer.approve(prompt.enteredCode)
        let result = await login.result()
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        let token = try await start(client, ["token", "work"]).result()
        #expect(token.status == 0 && token.output.count > 10, "\(token.errors)")
        #expect(try await start(client, ["stop"]).result().status == 0)
    }

    @Test(
        "an unknown argument is exit code 2, and changes nothing",
        arguments: [
            ["--frob"], ["--prefix"], ["--prefix", "relative"], ["--prefix", "/a b"], ["--prefix", "/a|b"], ["/usr"],
        ])
    func usage(arguments: [String]) async throws {
        let files = try TemporaryDirectory()
        let result = try await Self.install(["--destdir", files.path + "/root"] + arguments)
        #expect(result.status == 2)
        #expect(result.errors.contains("install: error: ") && result.errors.contains("--help"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: files.path + "/root"))
    }

    @Test("--help names every option, and a user other than root gets the command to run")
    func help() async throws {
        let help = try await Self.install(["--help"])
        #expect(help.status == 0)
        for option in ["--prefix", "--destdir", "--build", "--package", "--help"] {
            #expect(help.output.contains(option))
        }
        // A copy, because other users may not be able to enter the source directory.
        let files = try TemporaryDirectory()
        let packaging = (Self.script as NSString).deletingLastPathComponent
        for name in ["packaging", "packaging/dev", "build"] { try files.directory(name) }
        let copies = [("install", packaging + "/install"), ("dev/lib.sh", packaging + "/dev/lib.sh")]
        for (name, path) in copies {
            try FileManager.default.copyItem(atPath: path, toPath: "\(files.path)/packaging/\(name)")
        }
        for name in ["authagent", "authagentd", "authagent-keyring"] {
            try FileManager.default.copyItem(atPath: "/bin/true", toPath: "\(files.path)/build/\(name)")
        }
        for name in ["", "/packaging", "/packaging/dev", "/build"] { chmod(files.path + name, 0o755) }
        let bash = try MissingProgram.require("bash", package: "bash")
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let user = getuid() == 0 ? [setpriv, "--reuid=64011", "--regid=64011", "--clear-groups"] : []
        let command = user + [bash, files.path + "/packaging/install", "--build", files.path + "/build"]
        let refused = try await ChildProcess.run(command[0], Array(command.dropFirst()))
        #expect(refused.status == 1, "\(refused.output)")
        #expect(refused.errors.contains("hint: run 'sudo "), "\(refused.errors)")
    }
}

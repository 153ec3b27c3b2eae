import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The programs as `packaging/install` installs them: owned by root, executable but not readable. These tests need
/// root.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InstalledProgramTests {
    init() throws { try #require(getuid() == 0, "these tests install programs of root, which only root can") }

    private static let programs: [[String]] = [
        ["authagent", "inspect", "-"], ["authagentd", "--doctor"], ["authagent-keyring"],
    ]

    @Test(
        "from its start, an installed program is not accessible to other programs of its user",
        arguments: programs)
    func closed(command: [String]) async throws {
        let installed = try await InstalledPrograms(areRoots: true)
        let own = try await InstalledPrograms(areRoots: false)
        #expect(try await installed.race(60, command).values.allSatisfy { $0 == 0 })
        // Proves the attack: on a file that the user may read, it succeeds.
        try await eventually("the attack never gets in") { try await own.race(20, command)["mem"] ?? 0 > 0 }
    }

    @Test(
        "from its start, the keyring helper is protected, also if the user owns the program files"
    )
    func helper() async throws {
        for areRoots in [true, false] {
            let programs = try await InstalledPrograms(areRoots: areRoots)
            let start = try await programs.run("authagent", "start")
            try #require(start.status == 0, "\(start.errors)")
            let racer = try programs.start(
                InstalledPrograms.racer, ["watch", "\(try #require(programs.daemonPID))", "600000"])
            #expect(await racer.line() == "watching")
            for _ in 0..<40 { _ = try await programs.run("authagent", "store", "status") }
            _ = try await programs.run("authagent", "stop")
            let counts = try InstalledPrograms.counts(await racer.result())
            // An attacker that is not scheduled in time misses some.
            #expect(counts["of"] ?? 0 >= 5, "hardly any helper was seen: \(counts)")
            #expect(counts.allSatisfy { $0.key == "of" || $0.value == 0 }, "\(counts)")
        }
    }

    @Test(
        "programs without read permission find each other, log in, serve, and can be replaced"
    )
    func works() async throws {
        let programs = try await InstalledPrograms(areRoots: true)
        let issuer = try await DemoIssuer.start()
        #expect(try await programs.run("/bin/cat", programs.path + "/bin/authagent").status != 0, "it can be read")
        let login = try programs.start(
            programs.path + "/bin/authagent",
            ["login", "work", "--json", "--issuer", issuer.issuer, "--client-id", "tv", "--store", "memory"])
        let line = await login.line()
        guard case .prompt(let prompt)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8) else {
            Issue.record("\(line) \(login.errorsSoFar)")
            return
        }
        issuer.approve(prompt.enteredCode)
        #expect(await login.result().status == 0)
        let secret = try await programs.run("authagent", ["lock", "--passphrase"], input: "from a pipe")
        #expect(secret.status == 0, "\(secret.errors)")
        #expect(try await programs.run("authagent", ["unlock"], input: "from a pipe").status == 0)
        let token = try await programs.run("authagent", "token", "work")
        #expect(token.status == 0 && !token.output.isEmpty, "\(token.errors)")
        // The keyring helper was executed, and has reported that there is no bus.
        let stores = try await programs.run("authagent", "store", "status", "--json")
        #expect(stores.output.contains("no_bus"), "\(stores.output)\(stores.errors)")
        let before = try await programs.run("authagent", "doctor")
        #expect(!before.output.contains("was replaced"), "\(before.output)")
        // Like an upgrade: the running agent detects that its file was replaced.
        try await programs.replace("authagentd")
        let after = try await programs.run("authagent", "doctor")
        #expect(after.output.contains("was replaced"), "\(after.output)\(after.errors)")
        #expect(try await programs.run("authagent", "token", "work").output == token.output)
        _ = try await programs.run("authagent", "stop")
    }
}

/// The three programs in `bin` and `libexec/authagent`, root's with 0711 or the user's, and that user's home.
private final class InstalledPrograms: Sendable {
    private static let user: UInt32 = 65_534
    let path: String
    private let areRoots: Bool

    init(areRoots: Bool) async throws {
        self.areRoots = areRoots
        // Every parent directory is owned by root, as with /usr.
        var template = Array("/run/ap.XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        for name in ["", "/bin", "/libexec", "/libexec/authagent", "/home", "/home/run", "/home/config", "/home/state"]
        {
            if !name.isEmpty { try #require(mkdir(path + name, 0o755) == 0) }
            let isHome = name.hasPrefix("/home")
            try #require(chmod(path + name, isHome ? 0o700 : 0o755) == 0)
            if isHome { try #require(chown(path + name, Self.user, Self.user) == 0) }
        }
        for name in ["authagent", "authagentd", "authagent-keyring", Self.racer] { try await replace(name) }
    }

    deinit {
        if let pid = daemonPID { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(atPath: path)
    }

    static let racer = "exec-racer"

    var daemonPID: Int32? { AgentHome.daemonPID(lock: path + "/home/state/authagent/agent.lock") }

    private func place(of program: String) -> String {
        switch program {
        case _ where program.hasPrefix("/"): program
        case "authagent", Self.racer: path + "/bin/" + program
        default: path + "/libexec/authagent/" + program
        }
    }

    /// Replaces an installed program.
    func replace(_ program: String) async throws {
        let place = place(of: program)
        let mode = areRoots ? "0711" : "0755"
        let owner = areRoots ? "0" : "\(Self.user)"
        let install = try await ChildProcess.run(
            "/usr/bin/install",
            ["-m", mode, "-o", owner, "-g", owner, try BuildProducts.path(program), place + ".new"])
        try #require(install.status == 0, "\(install.errors)")
        try #require(rename(place + ".new", place) == 0)
    }

    func start(_ program: String, _ arguments: [String], input: String? = "") throws -> ChildProcess {
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let home = path + "/home"
        return try ChildProcess(
            setpriv,
            ["--reuid=\(Self.user)", "--regid=\(Self.user)", "--clear-groups", place(of: program)] + arguments,
            environment: ChildProcess.programEnvironment.merging([
                "HOME": home, "XDG_CONFIG_HOME": home + "/config", "XDG_STATE_HOME": home + "/state",
                "AUTHAGENT_SOCK": home + "/run/agent.sock", "AUTHAGENT_SYSTEM_CONFIG": home + "/etc",
            ]) { $1 },
            input: input)
    }

    func run(_ program: String, _ arguments: String...) async throws -> ChildProcess.Result {
        try await run(program, arguments)
    }

    func run(_ program: String, _ arguments: [String], input: String = "") async throws -> ChildProcess.Result {
        try await start(program, arguments, input: input).result()
    }

    /// Starts a program that many times, and tries to open its memory.
    func race(_ count: Int, _ command: [String]) async throws -> [String: Int] {
        let program = place(of: command[0])
        var counts = try Self.counts(
            await start(Self.racer, ["spawn", "\(count)", program] + command.dropFirst()).result())
        #expect(counts.removeValue(forKey: "of") == count)
        return counts
    }

    static func counts(_ result: ChildProcess.Result) throws -> [String: Int] {
        try #require(result.status == 0, "\(result.errors)")
        let words = try #require(result.lines.last).split(separator: " ")
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count - 1, by: 2).map {
                (String(words[$0]), Int(words[$0 + 1]) ?? -1)
            })
    }
}

/// Programs with a preloaded allocator.
@Suite(.timeLimit(.minutes(5)))
struct ForeignAllocatorTests {
    @Test(
        "a preloaded allocator gets no block of the wiped heap, and crashes no program",
        arguments: [["authagent", "--version"], ["authagentd", "--version"], ["authagent-keyring"]])
    func preloaded(command: [String]) async throws {
        // glibc's debug allocator, which aborts a program that frees a block of another allocator.
        let debugging = "/lib/\(Self.machine)-linux-gnu/libc_malloc_debug.so.0"
        try #require(access(debugging, R_OK) == 0, "\(debugging) is missing: run 'apt-get install libc6'")
        let environment = ChildProcess.programEnvironment.merging([
            "LD_PRELOAD": debugging, "GLIBC_TUNABLES": "glibc.malloc.check=3",
        ]) { $1 }
        let result = try await ChildProcess.run(
            try BuildProducts.path(command[0]), Array(command.dropFirst()), environment: environment)
        // Without a job the helper exits with 2.
        #expect(result.status == (command[0] == "authagent-keyring" ? 2 : 0), "\(result.errors)")
    }

    private static var machine: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }
}

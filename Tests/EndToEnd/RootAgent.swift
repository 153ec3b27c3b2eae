import DemoIssuer
import Foundation
import TestSupport
import Testing

/// An agent of root, which may inspect every program, with a socket for every user.
struct RootAgent {
    static let attacker: UInt32 = 64_011
    static let neighbour: UInt32 = 64_012

    let demo: DemoLogin
    let daemon: ChildProcess

    /// Logs in the account `work` and serves it under these rules.
    init(rules: String, nofile: Int? = nil) async throws {
        try #require(getuid() == 0, "this test becomes other users, which only root can")
        demo = try await DemoLogin()
        try demo.home.files.directory("config/authagent")
        try demo.home.files.file("config/authagent/authagent.toml", rules)
        if let nofile {
            let prlimit = try MissingProgram.require("prlimit", package: "util-linux")
            let started = try ChildProcess(
                prlimit, ["--nofile=\(nofile):\(nofile)", try demo.home.program("authagentd")],
                environment: demo.home.environment, input: nil)
            await eventually("the daemon does not serve: \(started.errorsSoFar)") {
                started.errorsSoFar.contains("serving") || !started.isRunning
            }
            daemon = started
        } else {
            daemon = try await demo.home.daemon()
        }
        try await demo.logIn()
        for (path, mode) in [("", 0o755), ("/run", 0o755), ("/run/agent.sock", 0o666)] {
            try #require(chmod(demo.home.files.path + path, mode_t(mode)) == 0)
        }
    }

    var socket: String { demo.home.socket }
    static let token = "/v1/accounts/work/token"

    func actor(_ user: UInt32, _ program: String? = nil, through: [String] = []) async throws -> SocketActor {
        try await SocketActor(socket, user: user, program: program, through: through)
    }

    /// Returns a user's reply on a new connection.
    func ask(_ user: UInt32, _ target: String = token, _ program: String? = nil) async throws -> String {
        let actor = try await actor(user, program)
        defer { actor.end() }
        return await actor.ask(target)
    }

    static func rule(_ account: String, _ more: String, allow: String = "token") -> String {
        "[[rule]]\naccounts = [\"\(account)\"]\n\(more)\nallow = [\"\(allow)\"]\n"
    }
}

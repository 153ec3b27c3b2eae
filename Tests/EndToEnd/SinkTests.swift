import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent sink`, with the real programs and files.
@Suite(.timeLimit(.minutes(5)))
struct SinkTests {
    private let demo: DemoLogin

    init() async throws {
        demo = try await DemoLogin(changes: ["XDG_RUNTIME_DIR": ""])
    }

    private var home: AgentHome { demo.home }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func place(mode: Int = 0o700) throws -> String {
        let place = try home.files.directory("place")
        chmod(place, mode_t(mode))
        return place
    }

    @Test("a sink's file has the token that 'authagent token' prints; lock, unlock, logout and remove govern it")
    func life() async throws {
        let place = try place()
        try await demo.logIn()
        let script = try home.files.file("changed", "#!/bin/sh\necho changed >>'\(place)/log'\n", mode: 0o700)
        let added = try await home.authagent(
            "sink", "add", "work", "--path", place + "/token", "--meta", "--on-change", script, "--now")
        #expect(added.status == 0 && added.errors.isEmpty && added.output == place + "/token\n", "\(added)")
        let token = try await home.authagent("token", "work").output.dropLast()
        #expect(text(place + "/token") == String(token))
        #expect(text(place + "/token.meta")?.hasPrefix(#"{"account":"work","expires_at":"#) == true)
        await eventually { text(place + "/log") == "changed\n" }

        let header = try await home.authagent(
            "sink", "add", "work", "--path", place + "/header", "--what", "header", "--newline")
        #expect(header.status == 0)
        #expect(text(place + "/header") == "Authorization: Bearer \(token)\n")
        let list = try await home.authagent("sink", "list")
        #expect(list.lines.count == 3 && list.lines.dropFirst().allSatisfy { $0.contains(" ok ") }, "\(list.output)")
        let report = try APIJSON.decode(
            SinkList.self, from: try await home.authagent("sink", "list", "--json").output.utf8)
        #expect(report.sinks.map(\.path) == [place + "/header", place + "/token"])
        #expect(try await home.authagent("status").output.contains(place + "/token"))

        #expect(try await home.authagent("lock").status == 0)
        #expect(text(place + "/token") == nil && text(place + "/header") == nil && text(place + "/token.meta") == nil)
        #expect(try await home.authagent("unlock").status == 0)
        let removed = try await home.authagent("sink", "remove", place + "/header")
        #expect(removed.status == 0)
        let again = try await home.authagent("sink", "remove", place + "/header")
        #expect(again.status == 1 && again.errors.contains("hint: run 'authagent sink list'"), "\(again.errors)")
        #expect(try await home.authagent("logout", "work").status == 0)
        #expect(text(place + "/token") == nil)
    }

    @Test("a killed agent's file is taken over by the next one, and removed if its sink is gone")
    func killed() async throws {
        let place = try place()
        try await demo.logIn()
        for name in ["kept", "dropped"] {
            #expect(try await home.authagent("sink", "add", "work", "--path", "\(place)/\(name)").status == 0)
        }
        await home.killDaemon()
        #expect(text(place + "/kept") != nil && text(place + "/dropped") != nil)
        let file = home.files.path + "/config/authagent/sinks.toml"
        let declared = try #require(text(file))
        let end = try #require(declared.range(of: "\n[[sink]]\naccount = \"work\"\npath = \"\(place)/dropped\""))
        try declared[..<end.lowerBound].write(toFile: file, atomically: true, encoding: .utf8)
        chmod(file, 0o600)
        // The login was in memory, so it is gone with the agent, and nothing can renew the token.
        let list = try await home.authagent("sink", "list")
        #expect(list.status == 0)
        await eventually { text(place + "/dropped") == nil && text(place + "/kept") == nil }
        try await demo.logIn()
        await eventually { text(place + "/kept") != nil }
    }

    @Test(
        "a place where the file must not be is refused with a remedy, and nothing is written",
        arguments: ["loose", "missing", "state", "taken", "mode", "program"])
    func refused(fault: String) async throws {
        let place = try place(mode: fault == "loose" ? 0o777 : 0o700)
        try await demo.logIn()
        var arguments = ["sink", "add", "work", "--path", place + "/token"]
        switch fault {
        case "missing": arguments[4] = place + "/no/such/token"
        case "state": arguments[4] = home.files.path + "/state/authagent/token"
        case "taken": try "theirs".write(toFile: place + "/token", atomically: false, encoding: .utf8)
        case "mode": arguments += ["--mode", "0644"]
        case "program": arguments += ["--on-change", "/no/such/program"]
        default: break
        }
        let result = try await home.authagent(arguments)
        #expect(result.status == 1 && result.output.isEmpty && result.errors.contains("hint: "), "\(result)")
        let names = try FileManager.default.contentsOfDirectory(atPath: place)
        #expect(names == (fault == "taken" ? ["token"] : []))
        #expect(text(home.files.path + "/config/authagent/sinks.toml") == nil)
        #expect(try await home.authagent("sink", "list").output.contains("no sinks yet"))
    }

    @Test("a sink of authagent.toml is loaded, dropped and removed by a reload, and doctor checks its place")
    func declared() async throws {
        let place = try place()
        try await demo.logIn()
        let settings = home.files.path + "/config/authagent/authagent.toml"
        try "[[sink]]\naccount = \"work\"\npath = \"\(place)/token\"\nwhat = \"env\"\nvariable = \"T\"\n"
            .write(toFile: settings, atomically: true, encoding: .utf8)
        chmod(settings, 0o600)
        #expect(try await home.authagent("reload").status == 0)
        await eventually { text(place + "/token")?.hasPrefix("T=") == true }
        let other = try await home.authagent("sink", "remove", place + "/token")
        #expect(other.status == 1 && other.errors.contains("authagent.toml:1"), "\(other.errors)")
        chmod(place, 0o777)
        let doctor = try await home.authagent("doctor")
        #expect(
            doctor.output.contains("sink.place") && doctor.output.contains("only you and root can write to"),
            "\(doctor.output)")
        // Also from a directory that has become loose.
        try "".write(toFile: settings, atomically: true, encoding: .utf8)
        chmod(settings, 0o600)
        #expect(try await home.authagent("reload").status == 0)
        await eventually { text(place + "/token") == nil }
    }
}

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
        // Below the socket's directory, to which an agent that limits itself may write from its start.
        let place = try home.files.directory("run/place")
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
        #expect(result.status == (fault == "mode" ? 2 : 1), "\(result)")
        #expect(result.output.isEmpty && result.errors.contains("hint: "), "\(result)")
        let names = try FileManager.default.contentsOfDirectory(atPath: place)
        #expect(names == (fault == "taken" ? ["token"] : []))
        #expect(text(home.files.path + "/config/authagent/sinks.toml") == nil)
        #expect(try await home.authagent("sink", "list").output.contains("no sinks yet"))
    }

    @Test(
        "options of sink add that do not fit are refused in words of options, before an agent is needed",
        arguments: [
            (["--what", "env"], "--what env needs --variable NAME"),
            (["--variable", "T"], "--variable NAME is for --what env only"),
            (["--mode", "600"], "--mode must be one of: 0400, 0600"),
            (["--mode", "0640"], "--mode 0640 needs --group NAME"),
            (["--mode", "0644", "--group", "users"], "--mode must be one of: 0400, 0440, 0600, 0640"),
            (["--what", "id_token", "--scope", "a"], "an ID token is the login's: leave --scope"),
            (["--min-valid", "100000"], "--min-valid must be from 0 to 86400"),
            (["--on-change", "systemctl", "reload", "x"], "--on-change needs the absolute path of a program"),
        ])
    func options(arguments: [String], error: String) async throws {
        let home = try AgentHome()
        let result = try await home.client(["sink", "add", "work"] + arguments).result()
        #expect(result.status == 2 && result.errors.contains("error: \(error)"), "\(result.errors)")
        #expect(home.daemonPID == nil)
    }

    @Test("a reload with a sink in a directory that others can write to is refused with its line; a start says it")
    func looseDirectory() async throws {
        let place = try place(mode: 0o777)
        try await demo.logIn()
        let settings = home.files.path + "/config/authagent/authagent.toml"
        try "log_level = \"debug\"\n\n[[sink]]\naccount = \"work\"\npath = \"\(place)/token\"\n"
            .write(toFile: settings, atomically: true, encoding: .utf8)
        chmod(settings, 0o600)
        let reload = try await home.authagent("reload")
        #expect(
            reload.status == 1 && reload.errors.contains("\(settings):3: path: no token can be"), "\(reload.errors)")
        #expect(reload.errors.contains("\(place) is writable by others"), "\(reload.errors)")
        #expect(reload.errors.contains("hint: name a directory that only you and root can write to"))
        #expect(try await home.authagent("sink", "list").output.contains("no sinks yet"), "the old settings stay")

        // The login was in memory: the place is reported without a token.
        #expect(try await home.authagent("stop").status == 0)
        try await eventually { try await home.authagent("status").output.contains("others may write to \(place)") }
        let list = try await home.authagent("sink", "list")
        #expect(list.output.contains(" failed ") && list.output.contains("hint: name a directory"), "\(list.output)")
        #expect(home.log.contains("sink failed"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [])

        chmod(place, 0o700)
        #expect(try await home.authagent("reload").status == 0)
        try await demo.logIn()
        await eventually { text(place + "/token") != nil }
    }

    @Test("a sink whose program is gone is listed with its error, and neither starts, reloads nor removals suffer")
    func broken() async throws {
        let place = try place()
        try await demo.logIn()
        let script = try home.files.file("changed", "#!/bin/sh\n", mode: 0o700)
        for (name, options) in [("good", []), ("bad", ["--on-change", script])] {
            let added = try await home.authagent(["sink", "add", "work", "--path", "\(place)/\(name)"] + options)
            #expect(added.status == 0, "\(added.errors)")
        }
        try FileManager.default.removeItem(atPath: script)
        #expect(try await home.authagent("reload").status == 0)
        await eventually { text(place + "/bad") == nil }
        #expect(text(place + "/good") != nil)
        let list = try await home.authagent("sink", "list")
        #expect(list.output.contains("/sinks.toml:") && list.output.contains("on_change: "), "\(list.output)")
        #expect(list.output.contains("\(place)/good  ok"), "\(list.output)")
        let doctor = try await home.authagent("doctor")
        #expect(doctor.output.contains("the sink \(place)/bad is not kept"), "\(doctor.output)")
        let again = try await home.authagent("sink", "add", "work", "--path", "\(place)/bad")
        #expect(
            again.status == 1 && again.errors.contains("run 'authagent sink remove \(place)/bad'"), "\(again.errors)")
        #expect(try await home.authagent("sink", "add", "work", "--path", "\(place)/third").status == 0)

        #expect(try await home.authagent("stop").status == 0)
        let status = try await home.authagent("status")
        #expect(
            status.lines.contains { $0.hasPrefix("\(place)/bad ") && $0.contains(" failed ") }, "\(status.output)")
        #expect(home.log.contains("sink not kept"))
        #expect(try await home.authagent("sink", "remove", place + "/bad").status == 0)
        let rest = try await home.authagent("sink", "list")
        #expect(rest.lines.count > 2 && !rest.output.contains("/bad"), "\(rest.output)")
    }

    @Test("a note says which directory the group of a sink cannot enter")
    func group() async throws {
        let place = try place(mode: 0o711)
        try await demo.logIn()
        // A group of this user, or of root any.
        let group = try #require(getgrgid(getegid())).pointee.gr_name.map { String(cString: $0) } ?? "root"
        let open = try await home.authagent("sink", "add", "work", "--path", place + "/open", "--group", group)
        #expect(open.status == 0, "\(open.errors)")
        chmod(place, 0o700)
        let closed = try await home.authagent("sink", "add", "work", "--path", place + "/closed", "--group", group)
        #expect(closed.status == 0 && closed.output == place + "/closed\n", "\(closed.errors)")
        #expect(closed.errors.contains("note: the group \(group) cannot enter "), "\(closed.errors)")
        #expect(closed.errors.contains("namei -l"), "\(closed.errors)")
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

    /// Whether the running agent has limited itself to directories.
    private func isLimited() async throws -> Bool {
        let result = try await home.authagent("status", "--security", "--json")
        let report = try APIJSON.decode(SecurityReport.self, from: result.output.utf8)
        return report.checks.contains { $0.id == .files && $0.detail.contains("Landlock, ABI") }
    }

    @Test("a sink in a directory that the agent did not know waits for the next start, and a note says so")
    func nextStart() async throws {
        try await demo.logIn()
        let path = try home.files.directory("place") + "/token"
        let added = try await home.authagent("sink", "add", "work", "--path", path)
        #expect(added.status == 0 && added.output == path + "\n", "\(added.errors)")
        if try await isLimited() {
            #expect(added.errors.contains("note: the agent cannot write to \(path) before its next start"))
            #expect(added.errors.contains("run 'authagent stop'"), "\(added.errors)")
            #expect(text(path) == nil)
        }
        #expect(try await home.authagent("stop").status == 0)
        try await demo.logIn()
        await eventually { text(path) != nil }
    }

    @Test(
        "a reload with a sink or audit file in a directory that the agent did not know is refused"
    )
    func reloadRefused() async throws {
        try await demo.logIn()
        guard try await isLimited() else { return }
        let place = try home.files.directory("place")
        let settings = home.files.path + "/config/authagent/authagent.toml"
        for (text, problem) in [
            (
                "[[sink]]\naccount = \"work\"\npath = \"\(place)/token\"\n",
                "\(settings):1: path: the agent cannot write"
            ),
            ("audit_file = \"\(place)/audit\"\n", "audit_file: the agent cannot write to \(place)/audit before"),
        ] {
            try text.write(toFile: settings, atomically: true, encoding: .utf8)
            chmod(settings, 0o600)
            let reload = try await home.authagent("reload")
            #expect(reload.status == 1 && reload.errors.contains(problem), "\(reload.errors)")
            #expect(reload.errors.contains("hint: run 'authagent stop', and the next command starts an agent that can"))
            #expect(try await home.authagent("token", "work").status == 0)
        }
        #expect(try await home.authagent("stop").status == 0)
        #expect(try await home.authagent("start").status == 0)
        await eventually { FileManager.default.fileExists(atPath: place + "/audit") }
    }
}

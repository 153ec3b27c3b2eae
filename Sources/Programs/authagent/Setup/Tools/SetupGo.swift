internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupGo: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "go",
        abstract: "private modules: GOAUTH in Go's own environment file, Go 1.24 or later.",
        discussion: "The account follows from the module's URL, so that no account is named."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let command = "\(place.program) helper go"
        guard !place.program.contains(where: { $0 == "," || $0 == "=" }) else {
            throw Failure("cannot name \(place.program) in GOAUTH", hint: "install authagent at another path")
        }
        let path = try Self.path(place)
        var plan = SetupPlan()
        plan.show(path, ["GOAUTH=\(command);netrc"])
        plan.remarks = ["go env -w GOPRIVATE=HOST, so that the modules of that host are not asked of a proxy"]
        guard place.find("go") != nil else {
            plan.obstacle = .init("go is not installed, which would change its file", hint: "install Go 1.24 or later")
            return plan
        }
        plan.changes = [
            Self.change(path, place) { commands in commands.contains(command) ? commands : [command] + commands }
        ]
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        let path = try Self.path(place)
        guard place.exists(path) else { return [] }
        return [
            Self.change(path, place) { commands in commands.filter { !$0.hasSuffix("/authagent helper go") } }
        ]
    }

    private static func path(_ place: SetupPlace) throws -> String {
        let named = place.environment["GOENV"] ?? ""
        guard named != "off" else {
            throw Failure(
                "GOENV is 'off', so that Go has no environment file", hint: "unset GOENV, or set GOAUTH yourself")
        }
        return place.path("GOENV") ?? place.configuration + "/go/env"
    }

    /// Go's default, which needs no line.
    private static let usual = ["netrc"]

    /// Lets 'go env' set the commands in a copy of the file.
    private static func change(
        _ path: String, _ place: SetupPlace, _ apply: @escaping ([String]) -> [String]
    ) -> FileChange {
        FileChange(path: path, mode: 0o644) { text in
            let scratch = try ScratchFile(text)
            guard
                let go = ToolProgram(
                    "go", place, variables: ["GOENV": scratch.path, "GOTOOLCHAIN": "local", "GOTELEMETRY": "off"])
            else { throw Failure("go is not installed", hint: "install Go 1.24 or later") }
            let value = try go.succeed(["env", "GOAUTH"]).split(separator: "\n").first ?? ""
            let old = value.split(separator: ";").map { $0.drop { $0 == " " } }.map(String.init)
            let new = apply(old)
            guard new != old, !(old.isEmpty && new == usual) else { return text }
            do {
                if new == usual || new.isEmpty {
                    try go.succeed(["env", "-u", "GOAUTH"])
                } else {
                    try go.succeed(["env", "-w", "GOAUTH=\(new.joined(separator: ";"))"])
                }
            } catch var failure as Failure {
                if failure.message.contains("GOAUTH") { failure.hint = "GOAUTH needs Go 1.24 or later" }
                throw failure
            }
            let rest = try scratch.text()
            return rest.isEmpty ? nil : rest
        }
    }
}

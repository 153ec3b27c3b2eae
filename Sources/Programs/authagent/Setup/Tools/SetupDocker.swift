internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupDocker: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "docker",
        abstract: "registries of the account's urls (~/.docker/config.json), for docker, podman and skopeo."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan { try RegistryHelpers(place, Self.path(place)).plan() }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [try RegistryHelpers(place, Self.path(place)).removal()]
    }

    private static func path(_ place: SetupPlace) -> String {
        (place.path("DOCKER_CONFIG") ?? place.home + "/.docker") + "/config.json"
    }
}

struct SetupPodman: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "podman",
        abstract: "the same for podman, skopeo and buildah alone (containers/auth.json).",
        aliases: ["skopeo", "buildah"]
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan { try RegistryHelpers(place, Self.path(place)).plan() }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        [try RegistryHelpers(place, Self.path(place)).removal()]
    }

    /// Not the file in $XDG_RUNTIME_DIR, which is gone after the session (containers-auth.json(5)).
    private static func path(_ place: SetupPlace) -> String {
        place.path("REGISTRY_AUTH_FILE") ?? place.configuration + "/containers/auth.json"
    }
}

/// The member `credHelpers` of a file that docker or the containers library reads.
private struct RegistryHelpers {
    private let place: SetupPlace
    private let path: String

    private static let member = "credHelpers"
    private static let helper = "authagent"
    private static let program = "docker-credential-authagent"

    init(_ place: SetupPlace, _ path: String) { (self.place, self.path) = (place, path) }

    func plan() throws -> SetupPlan {
        let registries = try registries()
        var plan = SetupPlan()
        plan.show(
            path,
            ["{", "\t\"\(Self.member)\": {"] + registries.map { "\t\t\"\($0)\": \"\(Self.helper)\"" } + ["\t}", "}"])
        if registries.count > 1 { plan.parts[0] = separated(plan.parts[0]) }
        plan.changes = [FileChange(path: path) { try Self.adding(registries, to: $0) }]
        // The tools look in PATH only.
        if place.find(Self.program) == nil {
            plan.obstacle = .init(
                "docker needs the program \(Self.program) in PATH, a link to authagent",
                hint: "run 'ln -s \(place.program) /usr/local/bin/\(Self.program)' as root")
        }
        return plan
    }

    func removal() throws -> FileChange {
        var wanted = try place.namedURLs().map(\.host)
        if wanted.isEmpty, place.account != nil { wanted = try registries() }
        return FileChange(path: path) { text in
            guard let text else { return nil }
            var document = try JSONText(text)
            for name in document.names([Self.member]) where document.string([Self.member, name]) == Self.helper {
                guard wanted.isEmpty || wanted.contains(name) else { continue }
                document = try JSONText(document.removing([Self.member, name]))
            }
            return document.isEmpty ? nil : document.bytes
        }
    }

    private func registries() throws -> [String] {
        try place.subject().mapped().map(\.host).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func adding(_ registries: [String], to text: [UInt8]?) throws(ConfigurationProblem) -> [UInt8] {
        // docker takes an empty file for one without members.
        var text = text.flatMap { $0.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } ? nil : $0 }
        for registry in registries {
            guard let present = text else {
                text = JSONText.new([member, registry], helper)
                continue
            }
            let document = try JSONText(present)
            guard !document.has([member, registry]) || document.string([member, registry]) == helper else {
                throw .taken(setting: "\(member).\(registry)")
            }
            text = try document.setting([member, registry], to: helper)
        }
        return text ?? []
    }

    private func separated(_ part: SetupPlan.Part) -> SetupPlan.Part {
        let lines = part.text.split(separator: "\n").map(String.init)
        let text = lines.enumerated().map { index, line in
            line.hasPrefix("\t\t") && lines[index + 1].hasPrefix("\t\t") ? line + "," : line
        }
        return SetupPlan.Part(place: part.place, text: text.joined(separator: "\n"))
    }
}

internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupDocker: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "docker",
        abstract: "registries of the account's urls (~/.docker/config.json), for docker, podman and skopeo."
    )

    @OptionGroup var common: SetupOptions

    func plan(_ place: SetupPlace) throws -> SetupPlan { try Self.helpers(place).plan() }

    func removals(_ place: SetupPlace) throws -> [FileChange] { [try Self.helpers(place).removal()] }

    private static func helpers(_ place: SetupPlace) -> RegistryHelpers {
        RegistryHelpers(place, path(place), logout: "docker logout", hub: ["https://index.docker.io/v1/", "docker.io"])
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

    func plan(_ place: SetupPlace) throws -> SetupPlan { try Self.helpers(place).plan() }

    func removals(_ place: SetupPlace) throws -> [FileChange] { [try Self.helpers(place).removal()] }

    private static func helpers(_ place: SetupPlace) -> RegistryHelpers {
        let path = path(place)
        return RegistryHelpers(
            place, path, logout: "podman logout --authfile \(SetupPlan.shellWord(path))", hub: ["docker.io"])
    }

    /// Not the file in $XDG_RUNTIME_DIR, which is gone after the session (containers-auth.json(5)).
    private static func path(_ place: SetupPlace) -> String {
        place.path("REGISTRY_AUTH_FILE") ?? place.configuration + "/containers/auth.json"
    }
}

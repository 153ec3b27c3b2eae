import Foundation
import TestSupport
import Testing

/// Which URLs `authagent setup docker` takes for registries.
@Suite(.timeLimit(.minutes(5)))
struct SetupRegistryTests {
    @Test("a URL with a path or plain http is left out with a note, and the others are added")
    func leftOut() async throws {
        let place = try SetupHome([
            ("work", ["https://git.example.com/team/", "https://r.example.com:5000", "http://127.0.0.1:5000/"])
        ])
        for tool in ["docker", "podman"] {
            let result = try await place.setup(tool, "--write")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("r.example.com:5000") && !result.output.contains("git.example.com"))
            let notes = result.errors.split(separator: "\n")
            #expect(notes.count == 2 && notes.allSatisfy { $0.hasPrefix("authagent: note: ") }, "\(result.errors)")
            #expect(
                result.errors.contains("https://git.example.com/team/ is left out: a registry is known by its name"))
            #expect(result.errors.contains("counts as https://127.0.0.1:5000/"))
        }
        #expect(try !place.text(".docker/config.json").contains("127.0.0.1"))
    }

    @Test(
        "without a URL of a registry nothing is written, and the URL to add is named", arguments: ["docker", "podman"])
    func none(tool: String) async throws {
        let place = try SetupHome([("work", ["https://git.example.com/team/", "http://[::1]:5000/"])])
        for url in ["https://git.example.com/team", "http://[::1]:5000/"] {
            let host = url.contains("git") ? "git.example.com" : "[::1]:5000"
            for options in [["--url", url], ["--url", url, "--write"]] {
                let result = try await place.setup([tool] + options)
                #expect(result.status == 1 && result.output == "", "\(result.output)")
                #expect(result.errors.contains("error: account 'work' has no URL of a registry"), "\(result.errors)")
                #expect(result.errors.contains("add \"https://\(host)/\" to 'urls'"), "\(result.errors)")
            }
        }
        #expect(try await place.setup(tool, "--write").status == 1)
        #expect(try place.contents() == [:])
    }

    @Test("Docker Hub has the names by which docker and podman look for it")
    func hub() async throws {
        for url in ["https://index.docker.io/v1/", "https://index.docker.io/"] {
            let place = try SetupHome([("work", [url])])
            let docker = try await place.setup("docker", "--write")
            #expect(docker.status == 0 && docker.errors == "", "\(docker.errors)")
            let text = try place.text(".docker/config.json")
            #expect(text.contains("\"https://index.docker.io/v1/\": \"authagent\""), "\(text)")
            #expect(text.contains("\"docker.io\": \"authagent\""))
            #expect(try await place.setup("podman", "--write").status == 0)
            #expect(try !place.text("config/containers/auth.json").contains("v1"))
            for tool in ["docker", "podman"] {
                #expect(try await place.setup(tool, "--account", "work", "--undo", "--write").status == 0)
            }
            #expect(try place.contents() == [:])
        }
    }

    @Test("an entry that an earlier map had goes with undo, also of a host whose URL has a path")
    func undo() async throws {
        let place = try SetupHome()
        let before = "{\"credHelpers\":{\"git.example.com\":\"authagent\",\"gcr.io\":\"gcloud\"}}"
        try place.file(".docker/config.json", before)
        #expect(try await place.setup("docker", "--account", "work", "--undo", "--write").status == 0)
        #expect(try place.text(".docker/config.json") == "{\"credHelpers\":{\"gcr.io\":\"gcloud\"}}")
    }

    @Test("the way out of a hidden password is a logout that names the file's own entry")
    func logout() async throws {
        let place = try SetupHome([("work", ["https://r.example.com/"])])
        try place.file(".docker/config.json", "{\"auths\": {\"r.example.com\": {\"auth\": \"c2VjcmV0\"}}}")
        let docker = try await place.setup("docker", "--write")
        #expect(docker.errors.contains("hint: run 'docker logout r.example.com' first"), "\(docker.errors)")
        try place.file("config/containers/auth.json", "{\"auths\": {\"r.example.com/a\": {\"auth\": \"c2VjcmV0\"}}}")
        let podman = try await place.setup("podman", "--write")
        #expect(podman.errors.contains("hint: run 'podman logout --authfile /"), "\(podman.errors)")
        #expect(podman.errors.contains("auth.json r.example.com/a' first"), "\(podman.errors)")
        // An entry without a password, as docker leaves it behind, hides nothing.
        try place.file(".docker/config.json", "{\"auths\": {\"r.example.com\": {}}}")
        #expect(try await place.setup("docker", "--write").status == 0)
    }
}

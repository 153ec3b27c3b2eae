internal import ConfigurationText
internal import System

/// The member `credHelpers` of a file that docker or the containers library reads.
struct RegistryHelpers {
    private let place: SetupPlace
    private let path: String
    /// The command that takes a registry's password out of the file.
    private let logout: String
    /// The names under which the programs that read this file look for Docker Hub.
    private let hub: [String]

    private static let member = "credHelpers"
    private static let helper = "authagent"
    private static let program = "docker-credential-authagent"

    init(_ place: SetupPlace, _ path: String, logout: String, hub: [String]) {
        (self.place, self.path, self.logout, self.hub) = (place, path, logout, hub)
    }

    func plan() throws -> SetupPlan {
        let subject = try place.subject()
        let urls = try subject.mapped()
        let registries = names(of: urls.filter(Self.isRegistry))
        let others = urls.filter { !Self.isRegistry($0) }
        guard !registries.isEmpty else { throw Self.noRegistry(subject, others) }
        var plan = SetupPlan()
        plan.show(path, Self.shown(registries))
        plan.notes = others.map { "\($0.text) is left out: \(Self.obstacle($0))" }
        plan.changes = [FileChange(path: path) { try adding(registries, to: $0) }]
        // The tools look in PATH only.
        if place.find(Self.program) == nil {
            plan.obstacle = .init(
                "docker needs the program \(Self.program) in PATH, a link to authagent",
                hint: "run 'ln -s \(place.program) /usr/local/bin/\(Self.program)' as root")
        }
        return plan
    }

    func removal() throws -> FileChange {
        var wanted = try place.namedURLs()
        if wanted.isEmpty, place.account != nil { wanted = try place.subject().mapped() }
        // Also those that no set-up adds: the map may have been another one.
        let names = names(of: wanted) + wanted.map(\.host)
        return FileChange(path: path) { text in
            guard let text else { return nil }
            var document = try JSONText(text)
            for name in document.names([Self.member]) where document.string([Self.member, name]) == Self.helper {
                guard names.isEmpty || names.contains(name) else { continue }
                document = try JSONText(document.removing([Self.member, name]))
            }
            return document.isEmpty ? nil : document.bytes
        }
    }

    /// Whether the helper finds the account: it knows a registry's name alone, which counts as `https://NAME/`.
    private static func isRegistry(_ url: MappedURL) -> Bool {
        url.scheme == "https" && (!url.hasPath || isHub(url))
    }

    /// Docker Hub is the one registry for which the helper is asked, or asks the agent, with a path.
    private static func isHub(_ url: MappedURL) -> Bool {
        url.host == "index.docker.io" && ["/", "/v1", "/v1/"].contains(url.path)
    }

    private static func obstacle(_ url: MappedURL) -> String {
        if url.scheme != "https" { return "a registry's name counts as https://\(url.host)/" }
        return "a registry is known by its name alone, and the URL has a path"
    }

    private static func noRegistry(_ subject: SetupSubject, _ urls: [MappedURL]) -> Failure {
        let reasons = urls.map { "\($0.text): \(obstacle($0))" }.joined(separator: "; ")
        return Failure(
            "account '\(subject.name)' has no URL of a registry (\(reasons))",
            hint: urls.first.map {
                "if this is a registry, add \"https://\($0.host)/\" to 'urls' of the account's file, and run"
                    + " 'authagent reload'"
            })
    }

    /// The names by which the tools look for these registries, each once.
    private func names(of urls: [MappedURL]) -> [String] {
        urls.flatMap { Self.isHub($0) ? hub : [$0.host] }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func shown(_ registries: [String]) -> [String] {
        let entries = registries.map { "\t\t\"\($0)\": \"\(helper)\"" }
        return ["{", "\t\"\(member)\": {"] + entries.dropLast().map { $0 + "," } + entries.suffix(1) + ["\t}", "}"]
    }

    private func adding(_ registries: [String], to text: [UInt8]?) throws(ConfigurationProblem) -> [UInt8] {
        // docker takes an empty file for one without members.
        var text = text.flatMap { $0.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } ? nil : $0 }
        for registry in registries {
            guard let present = text else {
                text = JSONText.new([Self.member, registry], Self.helper)
                continue
            }
            let document = try JSONText(present)
            guard !document.has([Self.member, registry]) || document.string([Self.member, registry]) == Self.helper
            else { throw .taken(setting: "\(Self.member).\(registry)") }
            try requireNoLogin(document, registry)
            text = try document.setting([Self.member, registry], to: Self.helper)
        }
        return text ?? []
    }

    /// Refuses a registry whose password of `docker login` is in the file or in its store: with a helper of its own it
    /// would not be found any more.
    private func requireNoLogin(_ document: JSONText, _ registry: String) throws(ConfigurationProblem) {
        let isStored = document.has(["credsStore"])
        for name in document.names(["auths"]) where Self.host(of: name) == Self.host(of: registry) {
            // docker leaves an empty entry for a password that is in the store.
            guard isStored || !document.names(["auths", name]).isEmpty else { continue }
            let isPlain = name.utf8.allSatisfy(SetupPlace.isPlain)
            throw .hidden(setting: "auths.\(name)", remedy: "run '\(logout) \(isPlain ? name : registry)' first")
        }
    }

    /// The host of a registry's key, in any of the forms that the tools write.
    private static func host(of key: String) -> Substring {
        var rest = key.lowercased()[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = rest.prefix { $0 != "/" }
        return host == "docker.io" || host == "registry-1.docker.io" ? "index.docker.io" : host
    }
}

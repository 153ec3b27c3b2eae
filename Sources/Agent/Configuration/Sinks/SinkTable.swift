internal import AgentAPI
internal import Formats
internal import Glibc

/// The parser of one `[[sink]]`. What depends on the file system is checked when the file is written.
enum SinkTable {
    /// The limit for the machine's, the user's and the added ones: each sink has a task, and a thread while its file system hangs.
    static let most = 64
    private static let longestPath = 4096

    /// The places that the agent's own files are in, and where a sink without a path goes.
    struct Places {
        var agentsOwn: [String]
        var sinks: String
        var names: UserNames
    }

    static func parse(_ file: inout TOMLFile, _ places: Places) throws(ConfigurationError) -> SinkSettings {
        let (account, path) = (try file.accountName("account"), try path(&file, places))
        let what = try file.choice("what", SinkContentKind.self) ?? .accessToken
        let (target, variable) = (try target(&file), try file.string("variable"))
        let (newline, meta) = (try file.boolean("newline"), try file.boolean("meta"))
        let minimumValidity = try file.integer("min_valid", in: 0...Limits.largestMinimumValidity)
        let group = try file.string("group").map { name throws(ConfigurationError) in
            SinkSettings.Group(name: name, id: try file.group("group", name, places.names))
        }
        let (mode, program) = (try mode(&file), try file.program("on_change") ?? nil)
        try file.refuseUnknownKeys()
        // Each key by itself is right; from here on it is about several.
        let named = try file.required(account, "account")
        var sink = SinkSettings(account: named, path: path ?? "\(places.sinks)/\(named)", what: what)
        (sink.target, sink.variable, sink.group, sink.onChange) = (target, variable, group, program)
        (sink.endsWithNewline, sink.hasMeta) = (newline ?? false, meta ?? false)
        sink.minimumValidity = minimumValidity ?? SinkSettings.defaultMinimumValidity
        sink.mode = mode ?? (group == nil ? 0o600 : 0o640)
        sink.source = file.place
        try check(sink, file)
        return sink
    }

    /// Returns what can be read of a sink that has an error; `nil` if it does not name an account.
    static func broken(_ file: inout TOMLFile, _ places: Places, _ error: ConfigurationError) -> BrokenSink? {
        guard let account = try? file.accountName("account") else { return nil }
        let path = (try? file.string("path")) ?? "\(places.sinks)/\(account)"
        let what = (try? file.choice("what", SinkContentKind.self)) ?? .accessToken
        return BrokenSink(
            account: account, path: DisplayText.clean(path, limit: longestPath), what: what, source: file.place,
            error: error)
    }

    private static func path(_ file: inout TOMLFile, _ places: Places) throws(ConfigurationError) -> String? {
        guard let path = try file.string("path") else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), path.utf8.count < longestPath, !parts.isEmpty,
            parts.allSatisfy({ !["", ".", ".."].contains($0) && $0.utf8.count <= longestName }),
            path.unicodeScalars.allSatisfy({ $0.value > 0x1F && $0.value != 0x7F })
        else {
            throw file.error(
                "path", "'\(TOMLFile.shown(path))' is not the absolute path of a file",
                hint: "give a path that starts with '/', without '.', '..' and empty parts")
        }
        if let directory = places.agentsOwn.first(where: { path == $0 || path.hasPrefix($0 + "/") }) {
            throw file.error(
                "path", "the file would be among the agent's own in \(directory)",
                hint: "leave path out for \(places.sinks)/NAME, or name a directory that is for tokens only")
        }
        return path
    }

    /// The kernel's 255 (NAME_MAX), less what the temporary name and `.meta` add.
    private static let longestName = 220

    private static func target(_ file: inout TOMLFile) throws(ConfigurationError) -> TokenTarget? {
        let (scopes, audience) = (try file.strings("scopes"), try file.string("audience"))
        guard scopes?.isEmpty != true else {
            throw file.error("scopes", "the list is empty", hint: "leave it out for the scopes of the login")
        }
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(scopes: scopes ?? [], audience: audience)
        } catch {
            let key = error.parameter == .audience ? "audience" : "scopes"
            throw file.error(key, "it \(error.problem)", hint: "give it as the provider writes it")
        }
    }

    private static func mode(_ file: inout TOMLFile) throws(ConfigurationError) -> UInt32? {
        guard let text = try file.string("mode") else { return nil }
        guard text.utf8.count == 4, let mode = UInt32(text, radix: 8),
            [0o400, 0o600, 0o440, 0o640].contains(mode)
        else {
            throw file.error(
                "mode", "'\(TOMLFile.shown(text))' is not a mode for a file with a token",
                hint:
                    "give \"0600\", or \"0640\" with a group; all others must not reach it"
            )
        }
        return mode
    }

    private static func check(_ sink: SinkSettings, _ file: TOMLFile) throws(ConfigurationError) {
        guard sink.mode & 0o040 == 0 || sink.group != nil else {
            throw file.error("mode", "the mode is for a group", hint: "add: group = \"NAME\"")
        }
        // It could be the second file of another sink, also of one that has been taken out.
        guard !sink.path.hasSuffix(SinkSettings.metaSuffix) else {
            throw file.error(
                "path",
                "'\(TOMLFile.shown(sink.path))' ends in '\(SinkSettings.metaSuffix)', as the second file of a sink",
                hint: "give a path with another end")
        }
        switch (sink.what, sink.variable) {
        case (.env, nil):
            throw file.error("variable", "it is missing", hint: "add: variable = \"NAME\", or choose another 'what'")
        case (.env, let name?):
            let isName = name.utf8.enumerated().allSatisfy { index, byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
                    || index > 0 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard isName, (1...128).contains(name.utf8.count) else {
                throw file.error(
                    "variable", "'\(TOMLFile.shown(name))' is not the name of a variable",
                    hint: "give letters, digits and '_', not beginning with a digit")
            }
        case (_, _?):
            throw file.error("variable", "it is for what = \"env\" only", hint: "leave it out, or set: what = \"env\"")
        case (_, nil): break
        }
        if sink.what == .idToken, sink.target != nil {
            throw file.error(
                sink.target?.audience == nil ? "scopes" : "audience",
                "an ID token has neither scopes nor an audience to choose",
                hint: "leave it out: the ID token is the login's")
        }
    }
}

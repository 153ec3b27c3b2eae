internal import AgentAPI
internal import Glibc
internal import Policy

/// Values of rules, and of what is expected of them.
extension TOMLFile {
    mutating func permissions(_ key: String) throws(ConfigurationError) -> Set<Permission>? {
        guard let texts = try strings(key) else { return nil }
        var permissions: Set<Permission> = []
        for text in texts { permissions.insert(try permission(key, text)) }
        return permissions
    }

    func permission(_ key: String, _ text: String) throws(ConfigurationError) -> Permission {
        guard let permission = Permission(rawValue: text) else {
            let all = Permission.allCases.map(\.rawValue)
            throw error(
                key, "'\(Self.shown(text))' is nothing that can be allowed",
                hint: Self.nearest(to: text, in: all) ?? "choose from: \(all.joined(separator: ", "))"
            )
        }
        return permission
    }

    mutating func scopes(_ key: String) throws(ConfigurationError) -> ScopeBound? {
        guard let texts = try strings(key) else { return nil }
        do throws(TokenTarget.Invalid) { _ = try TokenTarget(scopes: texts) } catch {
            throw self.error(
                key, "it \(error.problem)", hint: "list scopes as the provider writes them (RFC 6749 §3.3)")
        }
        guard let bound = ScopeBound(texts) else {
            throw error(key, "the list is empty", hint: "leave scopes out for no bound, or \"token\" out of allow")
        }
        return bound
    }

    /// May be empty: then only the account's own are allowed.
    mutating func resources(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let texts = try strings(key) else { return nil }
        guard texts.count <= Self.mostPlaces else { throw tooMany(key) }
        for text in texts {
            do throws(TokenTarget.Invalid) { _ = try TokenTarget(resources: [text]) } catch {
                throw self.error(
                    key, "'\(Self.shown(text))' \(error.problem)",
                    hint: "list absolute URIs as requests name them (RFC 8707 §2)")
            }
        }
        return texts
    }

    /// The same.
    mutating func audiences(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let texts = try strings(key) else { return nil }
        guard texts.count <= Self.mostPlaces else { throw tooMany(key) }
        for text in texts {
            do throws(TokenTarget.Invalid) { _ = try TokenTarget(audience: text) } catch {
                throw self.error(
                    key, "'\(Self.shown(text))' \(error.problem)", hint: "list audiences as requests name them")
            }
        }
        return texts
    }

    /// All are compared for each request.
    private static let mostPlaces = 64

    private func tooMany(_ key: String) -> ConfigurationError {
        error(key, "there are more than \(Self.mostPlaces)", hint: "make several rules")
    }

    func user(_ key: String, _ name: String, _ names: UserNames) throws(ConfigurationError) -> UInt32 {
        guard let id = names.user(name) else {
            throw error(
                key, "there is no user '\(Self.shown(name))' on this machine",
                hint: "make it first, see 'getent passwd', or give a number with uid"
            )
        }
        return id
    }

    func group(_ key: String, _ name: String, _ names: UserNames) throws(ConfigurationError) -> UInt32 {
        guard let id = names.group(name) else {
            throw error(
                key, "there is no group '\(Self.shown(name))' on this machine",
                hint: "make it first, or see 'getent group'"
            )
        }
        return id
    }

    mutating func executable(_ key: String) throws(ConfigurationError) -> String? {
        guard let path = try string(key) else { return nil }
        // As readlink(2) on /proc/PID/exe says it, in which there is no link any more.
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), path.utf8.count < 4096, parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw error(
                key, "this is not the absolute path of a program", hint: "give the output of 'realpath PROGRAM'"
            )
        }
        guard !path.contains("*") else {
            throw error(
                key, "'*' stands for nothing here", hint: "give each program by its whole path, in a rule of its own")
        }
        if let target = Self.target(of: path) {
            throw error(key, "this is a link to '\(target)', and no program's own path", hint: "give \"\(target)\"")
        }
        return path
    }

    /// Where links lead to; `nil` if there are none, or it cannot be told from here in time.
    private static func target(of path: String) -> String? {
        guard let text = LinkTarget.of(path), text != path else { return nil }
        return shown(text)
    }

    mutating func digest(_ key: String) throws(ConfigurationError) -> String? {
        guard let text = try string(key)?.lowercased() else { return nil }
        guard text.utf8.count == 64, text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw error(key, "this is not a SHA-256 in 64 hexadecimal digits", hint: "give what 'sha256sum' prints")
        }
        return text
    }

    mutating func unit(_ key: String) throws(ConfigurationError) -> Glob? {
        guard let text = try string(key) else { return nil }
        guard [".service", ".scope"].contains(where: { text.hasSuffix($0) && text.utf8.count > $0.utf8.count }),
            text.utf8.count <= 255, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") })
        else {
            throw error(
                key, "'\(Self.shown(text))' is no unit that programs run in",
                hint: "give a service or a scope by its whole name, like \"backup.service\""
            )
        }
        return Glob(text)
    }

    /// Somebody's text in our words: short and printable.
    static func shown(_ text: String) -> String { String(text.unicodeScalars.filter { $0.value > 0x1F }.prefix(80)) }
}

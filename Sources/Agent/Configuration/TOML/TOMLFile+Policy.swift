internal import AgentAPI
internal import Glibc
internal import Policy

/// The values of rules and of expectations.
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
                key, "'\(Self.shown(text))' is not a permission",
                hint: SimilarWord.hint(for: text, in: all) ?? "choose from: \(all.joined(separator: ", "))"
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

    /// Reads resources. An empty list allows only the account's own.
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

    /// Reads audiences. An empty list allows only the account's own.
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

    /// Reads types of authorization details. An empty list allows none.
    mutating func authorizationTypes(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let texts = try strings(key) else { return nil }
        guard texts.count <= Self.mostPlaces else { throw tooMany(key) }
        for text in texts
        where !(1...256).contains(text.utf8.count) || !text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) {
            throw error(
                key, "'\(Self.shown(text))' cannot be the type of authorization details",
                hint: "list types as the provider names them (RFC 9396 §2)")
        }
        return texts
    }

    /// Reads patterns of roles at AWS.
    mutating func awsRoles(_ key: String) throws(ConfigurationError) -> [AWSRolePattern]? {
        guard let texts = try strings(key) else { return nil }
        guard texts.count <= Self.mostPlaces else { throw tooMany(key) }
        guard !texts.isEmpty else {
            throw error(key, "the list is empty", hint: "name a role, or leave \"token\" out of allow")
        }
        var patterns: [AWSRolePattern] = []
        for text in texts {
            guard let pattern = AWSRolePattern(text) else {
                throw error(
                    key, "'\(Self.shown(text))' cannot match a role",
                    hint: "give ACCOUNT_ID/ROLE, as \"123456789012/ReadOnly\" or \"*/*\", or an ARN, as"
                        + " \"arn:aws:iam::123456789012:role/ci-*\"")
            }
            patterns.append(pattern)
        }
        return patterns
    }

    /// Every request compares all of them.
    private static let mostPlaces = 64

    private func tooMany(_ key: String) -> ConfigurationError {
        error(key, "there are more than \(Self.mostPlaces)", hint: "write several rules")
    }

    mutating func accountName(_ key: String) throws(ConfigurationError) -> AccountName? {
        guard let text = try string(key) else { return nil }
        guard let account = AccountName(text) else {
            throw error(
                key, "'\(Self.shown(text))' is not an account name", hint: "a name has \(AccountName.rule)")
        }
        return account
    }

    /// Returns the name of an account that is required, as `accountName` has read it.
    func required(_ account: AccountName?, _ key: String) throws(ConfigurationError) -> AccountName {
        guard let account else { throw error(key, "it is missing", hint: "add: \(key) = \"NAME\"") }
        return account
    }

    func user(_ key: String, _ name: String, _ names: UserNames) throws(ConfigurationError) -> UInt32 {
        guard let id = names.user(name) else {
            throw error(
                key, "there is no user '\(Self.shown(name))' on this machine",
                hint: "create it first, see 'getent passwd', or give a number with uid"
            )
        }
        return id
    }

    func group(_ key: String, _ name: String, _ names: UserNames) throws(ConfigurationError) -> UInt32 {
        guard let id = names.group(name) else {
            throw error(
                key, "there is no group '\(Self.shown(name))' on this machine",
                hint: "create it first, or see 'getent group'"
            )
        }
        return id
    }

    mutating func executable(_ key: String) throws(ConfigurationError) -> String? {
        guard let path = try string(key) else { return nil }
        // The form of readlink(2) on /proc/PID/exe, which has all links resolved.
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), path.utf8.count < 4096, parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw error(
                key, "this is not the absolute path of a program", hint: "give the output of 'realpath PROGRAM'"
            )
        }
        guard !path.contains("*") else {
            throw error(
                key, "'*' is not a wildcard here", hint: "give each program by its whole path, in a rule of its own")
        }
        if let target = Self.target(of: path) {
            throw error(key, "this is a link to '\(target)'", hint: "give \"\(target)\"")
        }
        return path
    }

    /// Returns the path with all links resolved; `nil` if it has no links, or at a timeout.
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
                key, "'\(Self.shown(text))' is not a service or scope unit",
                hint: "give the full name of a service or a scope, like \"backup.service\""
            )
        }
        return Glob(text)
    }

    /// Returns text from a file that is safe to show: short and printable.
    static func shown(_ text: String) -> String { String(text.unicodeScalars.filter { $0.value > 0x1F }.prefix(80)) }
}

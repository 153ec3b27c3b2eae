public import AgentAPI
internal import Glibc
internal import System

/// The account files: one for each account, so that configuration management can add one.
///
/// A file in the user's directory wins over the system's of the same name.
public struct AccountDirectory: Sendable {
    let user: String
    let system: String

    public init(user: String, system: String) {
        self.user = user
        self.system = system
    }

    public init(_ paths: UserPaths) {
        self.init(user: paths.configuration + "/accounts", system: paths.systemConfiguration + "/accounts")
    }

    private static let suffix = ".toml"
    /// The limit of account files on one machine.
    static let most = 10_000

    /// Loads every account. A bad file is reported; the other accounts load. `unwritten`: accounts that have no file and
    /// live until the agent ends.
    public func loadAll(
        beside unwritten: [AccountName: AccountSettings] = [:]
    ) -> (accounts: [AccountName: AccountSettings], errors: [AccountName: ConfigurationError]) {
        var accounts: [AccountName: AccountSettings] = [:]
        var errors: [AccountName: ConfigurationError] = [:]
        // Check the directories once, not for each file.
        let faults = faults()
        for name in names {
            do throws(ConfigurationError) { accounts[name] = try load(name, faults) } catch { errors[name] = error }
        }
        let known = accounts
        let chains = AccountChains(settings: { known[$0] ?? unwritten[$0] }, path: path(of:))
        for (name, settings) in known where !settings.sources.isEmpty {
            do throws(ConfigurationError) { try chains.check(name, settings) } catch {
                accounts[name] = nil
                errors[name] = error
            }
        }
        return (accounts, errors)
    }

    /// The directories that have files of accounts.
    public var inUse: Set<String> { Set([user, system].filter { !names(in: $0).isEmpty }) }

    /// Loads one account; `nil` if it has no file. `unwritten` as for `loadAll`.
    public func load(
        _ name: AccountName, beside unwritten: [AccountName: AccountSettings] = [:]
    ) throws(ConfigurationError) -> AccountSettings? {
        let faults = faults()
        guard let settings = try load(name, faults) else { return nil }
        guard !settings.sources.isEmpty else { return settings }
        let chains = AccountChains(
            settings: { other in
                other == name ? settings : (try? self.load(other, faults)) ?? unwritten[other]
            }, path: path(of:))
        try chains.check(name, settings)
        return settings
    }

    /// Refuses settings with which an account's tokens would be made from itself, beside the others' `known` settings.
    public func requireChain(
        _ name: AccountName, _ settings: AccountSettings,
        beside known: @escaping (AccountName) -> AccountSettings?
    ) throws(ConfigurationError) {
        try AccountChains(settings: { $0 == name ? settings : known($0) }, path: path(of:)).check(name, settings)
    }

    /// The path of the file that counts for an account.
    func path(of name: AccountName) -> String {
        hasUserFile(name) ? userPath(name) : Self.path(of: name, in: system)
    }

    /// Returns the errors of the directories.
    private func faults() -> [String: ConfigurationError] {
        var faults: [String: ConfigurationError] = [:]
        for directory in [user, system] {
            do throws(ConfigurationError) { try ProtectedFile.requirePrivate(directory) } catch {
                faults[directory] = error
            }
        }
        return faults
    }

    private func load(
        _ name: AccountName, _ faults: [String: ConfigurationError]
    ) throws(ConfigurationError) -> AccountSettings? {
        guard let (text, path) = try text(of: name, faults) else { return nil }
        return try AccountFile.parse(text, path: path)
    }

    /// Returns the text of the file in force, and its path; `nil` if the account has no file.
    func text(of name: AccountName) throws(ConfigurationError) -> (text: String, path: String)? {
        try text(of: name, faults())
    }

    private func text(
        of name: AccountName, _ faults: [String: ConfigurationError]
    ) throws(ConfigurationError) -> (text: String, path: String)? {
        for directory in [user, system] {
            if let fault = faults[directory] { throw fault }
            let path = Self.path(of: name, in: directory)
            if let text = try ProtectedFile.text(path) { return (text, path) }
        }
        return nil
    }

    /// The accounts that have files, sorted.
    var names: [AccountName] { Set(names(in: system) + names(in: user)).sorted() }

    /// Returns the map of the accounts' URLs. The prefixes of refused files are held, so that no other account gets them.
    public func urls(
        of accounts: [AccountName: AccountSettings], refused names: some Sequence<AccountName> = []
    ) -> URLMap {
        URLMap(accounts.compactMap { claim($1, of: $0) } + names.compactMap { refusedClaim(of: $0) })
    }

    /// Returns what can be read of the URLs of an account whose file is refused; `nil` if that is nothing.
    private func refusedClaim(of name: AccountName) -> URLClaim? {
        let machineFile = Self.path(of: name, in: system)
        let machine = RefusedFile.urls(machineFile)
        guard hasUserFile(name) else {
            return URLClaim(refused: name, urls: machine, file: machineFile, machine: machine, machineFile: machineFile)
        }
        let file = userPath(name)
        return URLClaim(
            refused: name, urls: RefusedFile.urls(file), file: file, machine: machine, machineFile: machineFile)
    }

    /// Returns what the files say about the URLs of an account with these settings; `nil` if they say nothing.
    public func claim(_ settings: AccountSettings, of name: AccountName) -> URLClaim? {
        let machineFile = Self.path(of: name, in: system)
        guard hasUserFile(name) else {
            // Without a file the account lives in memory only, which is the user's.
            let machine = access(machineFile, F_OK) == 0 ? Set(settings.urls) : []
            return URLClaim(
                name, settings, file: machine.isEmpty ? userPath(name) : machineFile, machine: machine,
                machineFile: machineFile)
        }
        // The user's file replaces it, so that nothing else in it matters.
        return URLClaim(
            name, settings, file: userPath(name), machine: RefusedFile.urls(machineFile), machineFile: machineFile)
    }

    /// Writes the account's file beside its final place. A directory that cannot be written to is thus found before a
    /// person approves the login; `commit` moves the file.
    public func prepare(
        _ settings: AccountSettings, for name: AccountName
    ) throws(ConfigurationError) -> PreparedAccountFile {
        try Self.makeDirectories(user)
        return try PreparedAccountFile(
            text: AccountFile.text(of: settings), directory: user, path: Self.path(of: name, in: user)
        )
    }

    /// Whether the account has a file in the user's directory, which wins over the system's.
    public func hasUserFile(_ name: AccountName) -> Bool {
        var status = stat()
        return stat(userPath(name), &status) == 0
    }

    public func userPath(_ name: AccountName) -> String { Self.path(of: name, in: user) }

    /// Refuses a directory that other users may write to; a missing one is accepted.
    public static func requirePrivate(_ directory: String) throws(ConfigurationError) {
        try ProtectedFile.requirePrivate(directory)
    }

    private static func path(of name: AccountName, in directory: String) -> String {
        "\(directory)/\(name)\(suffix)"
    }

    private func names(in directory: String) -> [AccountName] {
        guard let stream = opendir(directory) else { return [] }
        defer { _ = closedir(stream) }
        var names: [AccountName] = []
        while names.count < Self.most, let entry = readdir(stream) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard file.hasSuffix(Self.suffix), let name = AccountName(file.dropLast(Self.suffix.count)) else {
                continue
            }
            names.append(name)
        }
        return names
    }

    /// Creates the directory and its parents, private to the user.
    static func makeDirectories(_ path: String) throws(ConfigurationError) {
        do throws(PathFault) { try TrustedFile.makeDirectory(path) } catch { throw ConfigurationError(error) }
        try ProtectedFile.requirePrivate(path)
    }
}

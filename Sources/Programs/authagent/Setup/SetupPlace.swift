internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// The user's environment, this program's place, and the account that is set up.
struct SetupPlace {
    let environment: [String: String]
    /// The absolute path of this program, for configuration files.
    let program: String
    let home: String
    /// As given by --account and --url.
    let account: AccountName?
    private let urls: [String]

    init(_ options: SetupOptions, environment: [String: String] = processEnvironment()) throws {
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Failure("HOME does not name a directory", hint: "set HOME to your home directory")
        }
        (self.environment, self.home) = (environment, home)
        (account, urls) = (options.account, options.url)
        program = programDirectory() + "/authagent"
        guard program.utf8.allSatisfy(Self.isPlain) else {
            throw Failure(
                "cannot name \(program) in a configuration file: its path has blanks or quotation marks",
                hint: "install authagent at a path of letters, digits, '.', '_', '+' and '-'")
        }
    }

    /// Characters that no shell and no configuration format takes for anything else.
    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/._+-@=,:".utf8.contains(byte)
        }
    }

    /// An absolute path from the environment; `nil` if the variable is missing, empty or relative.
    func path(_ variable: String) -> String? { environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// $XDG_CONFIG_HOME.
    var configuration: String { path("XDG_CONFIG_HOME") ?? home + "/.config" }

    /// Where a sink's file is by default: in memory, and private to this user.
    func sink(_ name: String) -> String {
        (geteuid() == 0 ? "/run" : path("XDG_RUNTIME_DIR") ?? "/run/user/\(geteuid())") + "/authagent/sink/" + name
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The first of these files that exists, or else the first.
    func first(_ paths: String...) -> String { paths.first(where: exists) ?? paths[0] }

    /// The path of a program in PATH.
    func find(_ name: String) -> String? {
        (environment["PATH"] ?? "").split(separator: ":").lazy.filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
            .first { path in
                var status = stat()
                return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
            }
    }

    /// One of the links to this program: beside it, or in PATH.
    func link(_ name: String) -> String? {
        let beside = programDirectory() + "/" + name
        return access(beside, X_OK) == 0 ? beside : find(name)
    }

    /// What is missing if the link is.
    func missing(_ name: String, _ tool: String) -> Fault {
        Fault(
            "\(tool) needs the program \(name), a link to authagent",
            hint: "run 'ln -s \(program) \(programDirectory())/\(name)'")
    }

    /// The account and its URLs, from the agent.
    func subject() throws -> SetupSubject {
        let report = try AgentConnection.open().askAcrossRestart(.status)
        var accounts = report.accounts
        if let account {
            accounts.removeAll { $0.account != account }
            guard !accounts.isEmpty else {
                throw Failure("no account '\(account)'", hint: "run 'authagent status' to see the accounts")
            }
        } else if accounts.count > 1 {
            let mapped = accounts.filter { $0.urls?.isEmpty == false }
            // An account without URLs is for programs that name it.
            if mapped.count == 1 { accounts = mapped }
        }
        guard let account = accounts.first else {
            throw Failure("there is no account yet", hint: "run 'authagent login NAME', see 'authagent providers'")
        }
        guard accounts.count == 1 else {
            let names = accounts.map(\.account).sorted().map(\.description).joined(separator: ", ")
            throw Failure("there are several accounts: \(names)", hint: "choose one with --account", code: .usage)
        }
        return SetupSubject(
            name: account.account, urls: try chosen(of: account),
            scopes: account.scope.split(separator: " ").map(String.init))
    }

    /// The URLs of --url, without asking whether an account has them: it may be gone.
    func namedURLs() throws -> [MappedURL] {
        try urls.map { text in
            guard let url = MappedURL(text) else {
                throw Failure(
                    "'\(Console.clean(text))' is not a URL", hint: "name one as 'https://HOST/'", code: .usage)
            }
            return url
        }
    }

    private func chosen(of account: AccountStatus) throws -> [MappedURL] {
        let all = (account.urls ?? []).compactMap(MappedURL.init)
        guard !urls.isEmpty else { return all }
        return try urls.map { text in
            guard let named = MappedURL(text), let url = all.first(where: named.isSame) else {
                throw Failure(
                    "account '\(account.account)' does not have the URL '\(text)'",
                    hint: "its urls are: \(all.map(\.text).joined(separator: ", "))")
            }
            return url
        }
    }
}

/// The account that is set up.
struct SetupSubject {
    let name: AccountName
    let urls: [MappedURL]
    /// Of the login, or those that it will request.
    let scopes: [String]

    /// What is missing for an ID token, which providers issue with the scope `openid` (OpenID Connect Core 1.0
    /// §3.1.2.1); `nil` if the account has it.
    var identityRemark: String? {
        guard !scopes.contains("openid") else { return nil }
        return "this needs an ID token, and '\(name)' has no scope openid: add it with --scope or to 'scopes', and run"
            + " 'authagent login \(name)'"
    }

    /// The URLs, for tools whose configuration has them.
    func mapped() throws -> [MappedURL] {
        guard !urls.isEmpty else {
            throw Failure(
                "account '\(name)' has no urls",
                hint: "add urls = [\"https://HOST/\"] to its account file and run 'authagent reload'")
        }
        return urls
    }
}

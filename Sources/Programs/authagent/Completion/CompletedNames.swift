internal import AgentAPI
internal import Glibc
internal import System

/// The names that `Completion` needs, without an agent: accounts from their files, providers from the daemon's executable.
///
/// It does not connect to the socket, because systemd would start an agent, and a key press must not do that.
struct CompletedNames {
    let environment: [String: String]

    /// A longer list does not help to find a name.
    private static let most = 1000

    func callAsFunction(_ kind: Completion.NameKind) -> [Completion.Candidate] {
        switch kind {
        case .account: accounts
        case .provider: providers
        case .store: ["keyring", "sealed", "memory"].map { Completion.Candidate(word: $0) }
        case .helper: Helper.names.map { Completion.Candidate(word: $0) }
        }
    }

    /// The accounts of the user and of the machine. A file whose name is not an account's is not one.
    private var accounts: [Completion.Candidate] {
        guard let paths = UserPaths(environment: environment) else { return [] }
        var names: Set<AccountName> = []
        for directory in [paths.configuration, paths.systemConfiguration] {
            Self.readNames(directory + "/accounts", into: &names)
        }
        return names.sorted().map { Completion.Candidate(word: $0.description) }
    }

    private static func readNames(_ directory: String, into names: inout Set<AccountName>) {
        guard let entries = opendir(directory) else { return }
        defer { closedir(entries) }
        while names.count < most, let entry = readdir(entries) {
            let file = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard file.hasSuffix(".toml"), let name = AccountName(file.dropLast(".toml".count)) else { continue }
            names.insert(name)
        }
    }

    private var providers: [Completion.Candidate] {
        let query = DaemonQuery(environment: environment)
        guard let list = try? query.answer(ProviderList.self, to: .providers) else { return [] }
        return list.providers.map { Completion.Candidate(word: $0.name, description: Completion.summary($0.title)) }
    }
}

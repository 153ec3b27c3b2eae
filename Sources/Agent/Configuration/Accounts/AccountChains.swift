internal import AgentAPI

/// Which accounts' tokens are made from which others' (the keys `subject_account`, `assertion_account` and
/// `actor_account`). Pure.
struct AccountChains {
    /// Returns an account's settings; `nil` if the account is unknown, or its file is refused.
    let settings: (AccountName) -> AccountSettings?
    /// The path of an account's file, for messages.
    let path: (AccountName) -> String

    /// A longer chain is a mistake: each link costs a request where no token is at hand.
    static let longest = 8

    /// Refuses an account whose tokens would be made from those of an unknown account, or from its own.
    func check(_ name: AccountName, _ own: AccountSettings) throws(ConfigurationError) {
        try check(own, chain: [name])
    }

    private func check(_ link: AccountSettings, chain: [AccountName]) throws(ConfigurationError) {
        for (key, source) in link.sources {
            let text = (chain + [source]).map { "'\($0)'" }.joined(separator: " → ")
            guard !chain.contains(source) else {
                throw error(chain, key, "its token would be made from itself: \(text)", "change one of these files")
            }
            guard chain.count <= Self.longest else {
                throw error(
                    chain, key, "the chain is longer than \(Self.longest) accounts: \(text)", "shorten the chain")
            }
            guard let next = settings(source) else {
                throw error(
                    chain, key, "there is no account '\(source)', or its file is refused: \(text)",
                    "run 'authagent login \(source)', or change \(key)")
            }
            try check(next, chain: chain + [source])
        }
    }

    /// Returns an error at the account whose check it is.
    private func error(
        _ chain: [AccountName], _ key: String, _ problem: String, _ hint: String
    ) -> ConfigurationError {
        var error = ConfigurationError(
            file: chain.first.map(path) ?? "", problem: "\(key): \(problem)", hint: hint)
        error.key = key
        return error
    }
}
